export type { Login, LoginRequest } from "../common/login.js";
export { browserAmbient } from "./ambient.js";
export { type BrowserClientOptions, createBrowserClient, login } from "./browser-client.js";
export { browserInflate } from "./inflate.js";
export { createIndexedDbStore } from "./indexed-db-store.js";
export { browserStreamHint } from "./stream-hint.js";
export { browserStreamWorld } from "./stream-world.js";
export { createBrowserTransport } from "./web-socket-transport.js";
