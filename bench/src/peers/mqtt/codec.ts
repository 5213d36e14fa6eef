/** MQTT 3.1.1 as far as the load speaks it: connect, subscribe, publish at quality 1 and its acknowledgements. */
import type { Outbox } from "../outbox.js";

/** Packets by the upper half of their first byte. */
export const PACKET = { connack: 2, publish: 3, puback: 4, suback: 9, pingresp: 13 } as const;

const CONNECT = 0x10;
const PUBLISH_QUALITY_1 = 0x32;
const PUBACK = 0x40;
const SUBSCRIBE = 0x82;
const PINGREQ = 0xc0;
const DISCONNECT = 0xe0;
const VERSION_3_1_1 = 4;
const QUALITY_1 = 1;
const LENGTH_BYTES_MAX = 4;

/** Called with the first byte of a packet and the place of what follows its length. */
export type TakePacket = (first: number, bytes: Buffer, start: number, end: number) => void;

/** Takes the packets that are whole in `bytes`, and returns where the first begins that is not. */
export function readPackets(bytes: Buffer, take: TakePacket): number {
  let at = 0;
  for (;;) {
    let length = 0;
    let cursor = at + 1;
    for (let scale = 1; ; scale *= 128) {
      if (cursor >= bytes.length) return at;
      if (cursor - at > LENGTH_BYTES_MAX) throw new Error("A packet has a length that MQTT does not know.");
      const byte = bytes[cursor++]!;
      length += (byte & 127) * scale;
      if (byte < 128) break;
    }
    const end = cursor + length;
    if (end > bytes.length) return at;
    take(bytes[at]!, bytes, cursor, end);
    at = end;
  }
}

/** A session that outlives its connection; the broker closes no silent one. */
export function writeConnect(outbox: Outbox, clientId: string): void {
  writeHead(outbox, CONNECT, 12 + clientId.length);
  writeText(outbox, "MQTT");
  outbox.byte(VERSION_3_1_1);
  outbox.byte(0);
  outbox.uint16(0);
  writeText(outbox, clientId);
}

export function writeSubscribe(outbox: Outbox, packetId: number, topic: string): void {
  writeHead(outbox, SUBSCRIBE, 5 + topic.length);
  outbox.uint16(packetId);
  writeText(outbox, topic);
  outbox.byte(QUALITY_1);
}

export function writePublish(outbox: Outbox, packetId: number, topic: string, payload: Uint8Array): void {
  writeHead(outbox, PUBLISH_QUALITY_1, 4 + topic.length + payload.length);
  writeText(outbox, topic);
  outbox.uint16(packetId);
  outbox.raw(payload);
}

export function writePuback(outbox: Outbox, packetId: number): void {
  writeHead(outbox, PUBACK, 2);
  outbox.uint16(packetId);
}

export function writePing(outbox: Outbox): void {
  writeHead(outbox, PINGREQ, 0);
}

export function writeDisconnect(outbox: Outbox): void {
  writeHead(outbox, DISCONNECT, 0);
}

function writeHead(outbox: Outbox, first: number, length: number): void {
  outbox.byte(first);
  let rest = length;
  while (rest >= 128) {
    outbox.byte(128 + (rest % 128));
    rest = Math.floor(rest / 128);
  }
  outbox.byte(rest);
}

function writeText(outbox: Outbox, text: string): void {
  outbox.uint16(text.length);
  outbox.latin1(text);
}
