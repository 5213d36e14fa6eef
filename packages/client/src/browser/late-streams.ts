/** What is fetched when WebSockets are blocked. */
export { createStreamTransport } from "../common/stream-transport.js";
export { browserStreamWorld } from "./stream-world.js";
