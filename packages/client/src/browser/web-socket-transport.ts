/** Connections over the browser's WebSocket. */
import type { Connection, ConnectionHandlers, Transport } from "../common/transport.js";

const CLOSE_NORMAL = 1000;

/** The transport of the browser. */
export function createBrowserTransport(): Transport {
  return { connect };
}

function connect(url: string, handlers: ConnectionHandlers): Connection {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => handlers.onOpen());
  socket.addEventListener("message", (event: MessageEvent<unknown>) => {
    // Text is not part of the protocol; an empty packet is refused by the codec as malformed.
    handlers.onPacket(event.data instanceof ArrayBuffer ? new Uint8Array(event.data) : new Uint8Array());
  });
  // An error tells nothing and is always followed by a close.
  socket.addEventListener("close", (event) => handlers.onClose(event.code, event.reason));
  return {
    send(packet) {
      if (socket.readyState === WebSocket.OPEN) socket.send(new Uint8Array(packet));
    },
    close(code = CLOSE_NORMAL) {
      socket.close(code);
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
  };
}
