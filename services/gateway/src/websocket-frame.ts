/** What a server sends over a WebSocket: whole binary messages, unmasked (RFC 6455, section 5.2). */

const FINAL_BINARY = 0x82;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const UINT32 = 2 ** 32;

let lastPacket: Uint8Array | undefined;
let lastFrame = Buffer.alloc(0);

/** The frame of a packet. The same one when it is asked for again at once: a packet may be for many. */
export function framed(packet: Uint8Array): Buffer {
  if (packet === lastPacket) return lastFrame;
  const { length } = packet;
  const headBytes = length < LENGTH_16 ? 2 : length < 0x1_0000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = FINAL_BINARY;
  if (headBytes === 2) frame[1] = length;
  else if (headBytes === 4) {
    frame[1] = LENGTH_16;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = LENGTH_64;
    frame.writeUInt32BE(Math.floor(length / UINT32), 2);
    frame.writeUInt32BE(length % UINT32, 6);
  }
  frame.set(packet, headBytes);
  lastPacket = packet;
  lastFrame = frame;
  return frame;
}
