import { deepEqual, throws } from "node:assert/strict";
import { Writable } from "node:stream";
import type { Socket } from "node:net";
import { test } from "node:test";

import { Outbox } from "../outbox.js";
import { inAllPieces } from "../testing/pieces.js";
import { numberOf, packetIdOf } from "./client.js";
import { readPackets, writeConnect, writePuback, writePublish, writeSubscribe } from "./codec.js";

/** What is written to an outbox, as one piece. */
function written(write: (outbox: Outbox) => void): Buffer {
  const pieces: Buffer[] = [];
  const socket = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece);
      done();
    },
  });
  const outbox = new Outbox(socket as Socket);
  write(outbox);
  outbox.flush();
  return Buffer.concat(pieces);
}

test("packets are the same however the bytes come, and of any length", () => {
  const payloads = ["", "x", "y".repeat(200), "z".repeat(20_000)].map((text) => Buffer.from(text));
  const bytes = written((outbox) => {
    for (const [index, payload] of payloads.slice(0, 3).entries())
      writePublish(outbox, index + 1, "u/1", payload);
    writePuback(outbox, 9);
  });
  const reading = () => {
    const told: string[] = [];
    const read = (piece: Buffer): number =>
      readPackets(piece, (first, packet, start, end) =>
        told.push(`${first}:${packet.toString("latin1", start, end)}`),
      );
    return { told, read };
  };
  const wanted = ["\x01", "\x02", "\x03"].map(
    (id, index) => `50:\0\x03u/1\0${id}${payloads[index]!.toString()}`,
  );
  for (const told of inAllPieces(bytes, reading)) deepEqual(told, [...wanted, "64:\0\x09"]);
  const { read, told } = reading();
  deepEqual(read(written((outbox) => writePublish(outbox, 1, "g", payloads[3]!))), 20_009);
  deepEqual(told[0]?.length, 3 + 5 + 20_000);
});

test("what is said to the broker is as MQTT 3.1.1 has it", () => {
  deepEqual(
    written((outbox) => writeConnect(outbox, "c1")).toString("hex"),
    "100e00044d5154540400000000026331",
  );
  deepEqual(written((outbox) => writeSubscribe(outbox, 1, "g")).toString("hex"), "8206000100016701");
});

test("a length that MQTT does not know ends the reading", () => {
  throws(() => readPackets(Buffer.from([0x32, 255, 255, 255, 255, 1, 0]), () => undefined), /length/);
});

test("a number is found from the id of its packet, also after ids began again", () => {
  for (const last of [1, 8, 65_535, 65_536, 65_540, 200_000])
    for (let number = Math.max(1, last - 20); number <= last; number++)
      deepEqual(numberOf(packetIdOf(number), last), number);
});
