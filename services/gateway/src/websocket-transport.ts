/** Binds the gateway to WebSockets on an HTTP server. */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { PACKET_BYTES_MAX } from "@parley/protocol";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { Gateway } from "./gateway.js";
import { isAllowedOrigin } from "./origin-rule.js";
import { framed } from "./websocket-frame.js";
import type { Socket } from "./socket.js";

export const WEBSOCKET_PATH = "/v1/ws";
/** Up to here a packet that is too large is read and answered with our own close code; beyond it the library closes. */
const PAYLOAD_BYTES_MAX = PACKET_BYTES_MAX * 8;

/**
 * Takes upgrades to WEBSOCKET_PATH. A browser's request must come from a page of this same host or of `origins`; others
 * are refused with 403, so that no foreign page can use a signed-in browser. Returns a function that stops accepting.
 */
export function listenForWebSockets(
  server: Server,
  gateway: Gateway,
  origins: readonly string[] = [],
): () => void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: PAYLOAD_BYTES_MAX,
    perMessageDeflate: false,
    clientTracking: false,
    // Every chunk is one packet and is parsed at once: no further event-loop turn per message.
    allowSynchronousEvents: true,
  });
  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const path = (request.url ?? "").split("?", 1)[0];
    if (path !== WEBSOCKET_PATH) refuse(stream, "404 Not Found");
    else if (!isAllowedOrigin(request, origins)) refuse(stream, "403 Forbidden");
    else sockets.handleUpgrade(request, stream, head, (webSocket) => bind(webSocket, stream, gateway));
  };
  server.on("upgrade", onUpgrade);
  return () => {
    server.off("upgrade", onUpgrade);
    sockets.close();
  };
}

/**
 * The library shakes hands, reads, and answers what a WebSocket asks for. Packets are written beside it, each with its frame's
 * head in one piece: the library gives the socket two, which costs half as much again.
 */
function bind(webSocket: WebSocket, stream: Duplex, gateway: Gateway): void {
  webSocket.binaryType = "nodebuffer";
  const socket: Socket = {
    send(packet) {
      if (webSocket.readyState !== webSocket.OPEN) return;
      if (webSocket.bufferedAmount === 0) stream.write(framed(packet));
      else stream.write(framed(packet), onSent);
    },
    close: (code, reason) => webSocket.close(code, reason.slice(0, 120)),
    terminate: () => webSocket.terminate(),
    bufferedBytes: () => webSocket.bufferedAmount,
  };
  const connection = gateway.accept(socket);
  const onSent = (): void => connection.onDrain();
  webSocket.on("message", (data: RawData, isBinary: boolean) => {
    if (isBinary) connection.onPacket(data as Buffer);
    else connection.close("malformed");
  });
  webSocket.on("close", () => connection.onClosed());
  // The library closes the socket itself after an error of the peer; "close" follows.
  webSocket.on("error", () => connection.onClosed());
}

function refuse(stream: Duplex, status: string): void {
  // Nobody else listens to this stream any more: a peer that resets it would otherwise end the process.
  stream.on("error", () => stream.destroy());
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
