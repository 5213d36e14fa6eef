/** How a raw client reaches the server. */
import { systemAmbient } from "@parley/base/node";
import { type Connection, type ConnectionHandlers, createStreamTransport } from "@parley/client";
import { nodeStreamWorld } from "@parley/client/node";
import { WebSocket } from "ws";

export const TRANSPORTS = ["websocket", "stream"] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** After a close of ours the peer has this long to close, too. */
const CLOSE_MS_MAX = 2_000;

/** A connection that can also be dropped without a word. */
export interface RawConnection extends Connection {
  terminate(): void;
}

/** Begins to connect over the transport of a name. */
export function connectOver(name: TransportName, url: string, handlers: ConnectionHandlers): RawConnection {
  if (name === "websocket") return connectWebSocket(url, handlers);
  const connection = createStreamTransport(nodeStreamWorld, systemAmbient()).connect(url, handlers);
  return {
    send: (packet) => connection.send(packet),
    close: () => connection.close(),
    // There is no more abrupt end: the server sees its answer cut.
    terminate: () => connection.close(),
    get bufferedBytes() {
      return connection.bufferedBytes;
    },
  };
}

/** With as little work as possible. */
function connectWebSocket(url: string, handlers: ConnectionHandlers): RawConnection {
  const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true });
  let timer: NodeJS.Timeout | undefined;
  socket.binaryType = "nodebuffer";
  socket.on("open", () => handlers.onOpen());
  socket.on("message", (data) => handlers.onPacket(data as Buffer));
  // "close" follows and tells the code.
  socket.on("error", () => undefined);
  socket.on("close", (code, reason) => {
    clearTimeout(timer);
    handlers.onClose(code, reason.toString());
  });
  return {
    send(packet) {
      if (socket.readyState === WebSocket.OPEN) socket.send(packet);
    },
    close() {
      socket.close();
      timer ??= setTimeout(() => socket.terminate(), CLOSE_MS_MAX);
    },
    terminate: () => socket.terminate(),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
  };
}
