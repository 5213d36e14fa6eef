/** Connections over the browser's WebSocket. */
import type { Connection, ConnectionHandlers, Transport } from "../common/transport.js";

const CLOSE_NORMAL = 1000;
/** What the browser reports for a connection that ended without a close frame. */
const CLOSE_LOST = 1006;

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
  let isOver = false;
  const end = (code: number, reason: string): void => {
    if (isOver) return;
    isOver = true;
    removeEventListener("offline", onOffline);
    handlers.onClose(code, reason);
  };
  // Without a network a socket learns of its end only after minutes, and its closing handshake gets no answer.
  const onOffline = (): void => {
    socket.close();
    end(CLOSE_LOST, "offline");
  };
  addEventListener("offline", onOffline);
  // An error tells nothing and is always followed by a close.
  socket.addEventListener("close", (event) => end(event.code, event.reason));
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
