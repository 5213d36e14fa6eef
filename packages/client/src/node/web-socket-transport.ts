/** Connections over `ws`. */
import type { Connection, ConnectionHandlers, Transport } from "../common/transport.js";
import { PACKET_BYTES_MAX } from "@parley/protocol";
import { type RawData, WebSocket } from "ws";

/** An upper bound for the opening handshake; the session has its own, shorter one for the greeting. */
const HANDSHAKE_TIMEOUT_MS = 20_000;
const CLOSE_LOST = 1006;
const CLOSE_NORMAL = 1000;

/** The transport of Node. */
export function createNodeTransport(): Transport {
  return { connect };
}

function connect(url: string, handlers: ConnectionHandlers): Connection {
  const socket = new WebSocket(url, {
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: PACKET_BYTES_MAX,
    // Small packets compress badly, and the server does not offer it.
    perMessageDeflate: false,
  });
  let isOver = false;
  const over = (code: number, reason: string): void => {
    if (isOver) return;
    isOver = true;
    handlers.onClose(code, reason);
  };
  socket.on("open", () => handlers.onOpen());
  socket.on("message", (packet: RawData, isBinary: boolean) => {
    // Text is not part of the protocol; an empty packet is refused by the codec as malformed.
    handlers.onPacket(isBinary ? bytesOf(packet) : new Uint8Array());
  });
  // "close" follows and is what counts; without this listener an error would end the process.
  socket.on("error", () => undefined);
  socket.on("close", (code, reason) => over(code === 0 ? CLOSE_LOST : code, reason.toString()));
  return {
    send(packet) {
      if (socket.readyState === WebSocket.OPEN) socket.send(packet);
    },
    close(code = CLOSE_NORMAL) {
      if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
      else socket.close(code);
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
  };
}

function bytesOf(packet: RawData): Uint8Array {
  if (Array.isArray(packet)) return new Uint8Array(Buffer.concat(packet));
  return packet instanceof ArrayBuffer ? new Uint8Array(packet) : packet;
}
