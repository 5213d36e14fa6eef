import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";

import { inAllPieces } from "../testing/pieces.js";
import { acceptOf, readFrames } from "./frames.js";

/** A frame of a client, masked. */
function masked(payload: string): Buffer {
  const bytes = Buffer.from(payload);
  const mask = [1, 2, 3, 4];
  const length =
    bytes.length < 126 ? [0x80 + bytes.length] : [0x80 + 126, bytes.length >> 8, bytes.length & 255];
  return Buffer.from([0x82, ...length, ...mask, ...bytes.map((byte, index) => byte ^ mask[index % 4]!)]);
}

function reading() {
  const told: string[] = [];
  const read = (bytes: Buffer): number =>
    readFrames(bytes, (frame, start, end) => told.push(frame.toString("latin1", start, end)));
  return { read, told };
}

test("frames are the same however the bytes come", () => {
  const wanted = ["a", "", "x".repeat(209), "bcde"];
  const bytes = Buffer.concat([...wanted.map(masked), Buffer.from([0x82, 2, 65, 66])]);
  for (const told of inAllPieces(bytes, reading)) deepEqual(told, [...wanted, "AB"]);
});

test("a close and a frame of another kind end the reading", () => {
  throws(() => reading().read(Buffer.from([0x88, 0])), /closed/);
  throws(() => reading().read(Buffer.from([0x81, 0])), /Opcode 1/);
  throws(() => reading().read(Buffer.from([0x82, 127])), /64 KB/);
});

test("the key of RFC 6455 gets the answer of RFC 6455", () => {
  deepEqual(acceptOf("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});
