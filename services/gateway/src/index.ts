export { Connection } from "./connection.js";
export { Gateway, type GatewayOptions } from "./gateway.js";
export type { Calls } from "./requests.js";
export type { Socket, SocketListener } from "./socket.js";
export { type StreamListener, createStreamListener, type StreamListenerOptions } from "./stream-transport.js";
export { listenForWebSockets, WEBSOCKET_PATH } from "./websocket-transport.js";
