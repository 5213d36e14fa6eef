export type { Login, LoginRequest } from "../common/login.js";
export { createFileStore, type FileStoreOptions } from "./file-store.js";
export { createNodeClient, login, type NodeClientOptions } from "./node-client.js";
export { nodeInflate } from "./inflate.js";
export { createNodeTransport } from "./web-socket-transport.js";
export { nodeStreamWorld } from "./stream-world.js";
