import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { readDoc, rowsOf, sectionOf } from "@parley/base/testing";
import fc from "fast-check";
import { PACKET_BYTES_MAX } from "./limits.js";
import {
  readStreamClose,
  STREAM_ITEM,
  STREAM_UPLOAD_BYTES_MAX,
  streamClose,
  streamItem,
  StreamItemReader,
  type StreamItem,
} from "./stream-items.js";

test("an item is its length, its kind and its content", () => {
  assert.deepEqual(
    [streamItem(STREAM_ITEM.packet, Uint8Array.of(7, 8)), streamClose(4000, "é")].map((bytes) => [...bytes]),
    [
      [0, 0, 0, 3, 2, 7, 8],
      [0, 0, 0, 5, 3, 0x0f, 0xa0, 0xc3, 0xa9],
    ],
  );
});

test("items are read back whatever pieces they come in", () => {
  const item = fc.record(
    { kind: fc.integer({ min: 0, max: 255 }), content: fc.uint8Array({ maxLength: 3000 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 2500 })),
      (items, cuts) => {
        const bytes = joined(items.map(({ kind, content }) => streamItem(kind, content)));
        const reader = new StreamItemReader();
        const read: StreamItem[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          read.push(...reader.read(bytes.subarray(at, at + cut)));
          at += cut;
        }
        assert.deepEqual([read, reader.isAtEnd], [items, true]);
      },
    ),
  );
});

test("a length that no item has is refused, and one that does not come takes no memory", () => {
  const refusals = [
    [0, 0, 0, 0, 1],
    [0, 8, 0, 1, 1],
    [255, 255, 255, 255, 1],
  ].map((bytes) => codeOf(() => new StreamItemReader().read(Uint8Array.from(bytes))));
  const longest = new StreamItemReader().read(streamItem(2, new Uint8Array(PACKET_BYTES_MAX * 2 - 1)));
  const cut = new StreamItemReader();
  cut.read(Uint8Array.of(0, 8, 0, 0, 1));
  assert.deepEqual(
    [refusals, longest.length, cut.isAtEnd],
    [["malformed", "malformed", "malformed"], 1, false],
  );
});

test("a close without a code is malformed", () => {
  assert.deepEqual(
    [
      readStreamClose(Uint8Array.of(0x0f, 0xa0, 0x68, 0x69)),
      codeOf(() => readStreamClose(Uint8Array.of(15))),
    ],
    [{ code: 4000, reason: "hi" }, "malformed"],
  );
});

test("streams.md tells the kinds of items and the bound of an upload", () => {
  const document = readDoc("protocol/streams.md");
  const kinds = rowsOf(sectionOf(document, "Items")).filter((row) => row.length === 4);
  const numbers = [...sectionOf(document, "POST /v1/stream/ID?number=N").matchAll(/up to (\d+) bytes/g)];
  assert.deepEqual(
    [kinds.map(([kind, , name]) => [name, Number(kind)]), numbers.map(([, bytes]) => Number(bytes))],
    [Object.entries(STREAM_ITEM), [STREAM_UPLOAD_BYTES_MAX]],
  );
});

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return failureCode(error);
  }
}
