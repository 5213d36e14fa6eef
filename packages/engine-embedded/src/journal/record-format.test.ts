import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";

import fc from "fast-check";

import { EVERYTHING, bytes, openOn, segment } from "../testing/journal-fixture.js";
import { SimulatedDisk } from "../simulation/simulated-disk.js";
import {
  type SegmentHeader,
  decodeHeader,
  encodeHeader,
  readRecord,
  recordBytes,
  finishRecord,
  writeRecord,
} from "./record-format.js";

const HEADER: SegmentHeader = {
  format: 2,
  segment: 1,
  commit: 0,
  logs: [
    {
      name: "alpha",
      partitions: [
        { next: 0, first: 0, producers: {} },
        { next: 0, first: 0, producers: {} },
      ],
    },
    { name: "beta", partitions: [{ next: 0, first: 0, producers: {} }] },
  ],
};

/** Made by another program (Python's struct and zlib) from docs/subsystems/journal.md, which explains it line by line. */
const GOLDEN = [
  // "PARLEYJ1", 215 bytes of body, its crc, the body.
  "5041524c45594a31 d7000000 289f78b8",
  Buffer.from(
    '{"format":2,"segment":1,"commit":0,"logs":[{"name":"alpha","partitions":[{"next":0,"first":0,"producers":{}},' +
      '{"next":0,"first":0,"producers":{}}]},{"name":"beta","partitions":[{"next":0,"first":0,"producers":{}}]}]}',
  ).toString("hex"),
  // Commit 1: "hello" in alpha/0 at 0.
  "16000000 bb84334f 01000000 00 00 0000 000000000000 000000 68656c6c6f",
  // Commit 2: an empty record in alpha/1, then "hi" in beta/0, made from alpha/0 at 258.
  "11000000 5ad19abc 02000000 00 80 0100 000000000000 000000",
  "20000000 b3e0cd47 02000000 01 07 0000 000000000000 000000 616c7068612f30 020100000000 6869",
]
  .join("")
  .replaceAll(" ", "");

describe("the format of a segment", () => {
  it("is, byte for byte, what it was", async () => {
    const disk = new SimulatedDisk();
    const { alpha, beta } = await openOn(disk);
    await alpha.append(0, bytes("hello"));
    await Promise.all([
      alpha.append(1, bytes("")),
      beta.append(0, bytes("hi"), { producer: "alpha/0", position: 258 }),
    ]);
    assert.equal(disk.content(segment(1)).toString("hex"), GOLDEN);
  });

  it("that was written before is read", async () => {
    const disk = new SimulatedDisk();
    disk.put(segment(1), Buffer.from(GOLDEN, "hex"));
    const { alpha, beta } = await openOn(disk);
    const read = [await alpha.read(0, 0, EVERYTHING), await alpha.read(1, 0, EVERYTHING)];
    read.push(await beta.read(0, 0, EVERYTHING));
    const again = await beta.append(0, bytes("hi"), { producer: "alpha/0", position: 258 });
    assert.deepEqual(
      [read.flat().map(({ payload }) => Buffer.from(payload).toString()), again.isDuplicate],
      [["hello", "", "hi"], true],
    );
  });

  it("repeats in the header of the next segment what went before", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha, beta } = await openOn(disk, { segmentBytes: 400 });
    for (let index = 0; index < 3; index++) await alpha.append(0, bytes("x"));
    await alpha.trim(0, 2);
    await beta.append(0, Buffer.alloc(100), { producer: "alpha/0", position: 7 });
    // The answer does not wait for the new segment, closing does.
    await journal.close();
    const header = decodeHeader(disk.content(segment(2)))?.header;
    assert.deepEqual(header, {
      format: 2,
      segment: 2,
      commit: 4,
      logs: [
        {
          name: "alpha",
          partitions: [
            { next: 3, first: 2, producers: {} },
            { next: 0, first: 0, producers: {} },
          ],
        },
        { name: "beta", partitions: [{ next: 1, first: 0, producers: { "alpha/0": 7 } }] },
      ],
    });
  });
});

describe("a record", () => {
  it("is read as it was written, wherever it stands", () => {
    fc.assert(
      fc.property(anyRecord(), fc.uint8Array({ maxLength: 20 }), (record, before) => {
        const [found, written] = [readRecord(encoded(record, before), before.length), record];
        assert.ok(found !== undefined);
        const { start, payloadStart, end, ...fields } = found;
        const payload = encoded(record, before).subarray(payloadStart, end);
        assert.deepEqual(
          { ...fields, payload: [...payload] },
          {
            ...written.fields,
            position: written.fields.producer === "" ? 0 : written.fields.position,
            commitBits: written.commit % 2 ** 32,
            isContinued: written.isContinued,
            seal: 0,
            payload: [...written.payload],
          },
        );
        assert.equal(start, before.length);
      }),
    );
  });

  it("that is cut off anywhere, or has any bit flipped, is not a record", () => {
    fc.assert(
      fc.property(anyRecord(), fc.nat(), fc.nat(7), (record, place, bit) => {
        const whole = encoded(record);
        const flipped = Buffer.from(whole);
        flipped[place % whole.length]! ^= 1 << bit;
        assert.equal(readRecord(whole.subarray(0, place % whole.length), 0), undefined);
        assert.equal(readRecord(flipped, 0), undefined);
      }),
    );
  });

  it("is not found in arbitrary bytes, and these do no harm", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (content, start) => {
        assert.equal(readRecord(Buffer.from(content), start), undefined);
      }),
    );
  });

  it("whose producer would reach beyond its end is not one, even with a crc that fits", () => {
    const record = Buffer.alloc(recordBytes("", 4));
    const fields = { logIndex: 0, partition: 0, offset: 0, producer: "", position: 0 };
    const end = writeRecord(record, 0, fields, bytes("1234"));
    record[8 + 5] = 60;
    finishRecord(record, { start: 0, end }, 1, false);
    assert.equal(readRecord(record, 0), undefined);
  });
});

describe("the header of a segment", () => {
  it("of which only the first bytes are there, with zeros or a record behind, is not a header", () => {
    const magic = encodeHeader(HEADER).subarray(0, 8);
    for (const body of ["", "a record", "null", "7", "[]"]) {
      const prefix = Buffer.alloc(8);
      prefix.writeUInt32LE(body.length, 0);
      prefix.writeUInt32LE(crc32(body), 4);
      assert.equal(decodeHeader(Buffer.concat([magic, prefix, Buffer.from(body)])), undefined);
    }
  });

  it("that is cut off anywhere, or has any bit flipped, is not a header", () => {
    const whole = encodeHeader(HEADER);
    assert.deepEqual(decodeHeader(whole), { header: HEADER, length: whole.length });
    for (let place = 0; place < whole.length; place++) {
      assert.equal(decodeHeader(whole.subarray(0, place)), undefined);
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(whole);
        flipped[place]! ^= 1 << bit;
        assert.equal(decodeHeader(flipped), undefined);
      }
    }
  });
});

interface AnyRecord {
  readonly fields: Parameters<typeof writeRecord>[2];
  readonly payload: Uint8Array;
  readonly commit: number;
  readonly isContinued: boolean;
}

function anyRecord(): fc.Arbitrary<AnyRecord> {
  const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
  return fc.record({
    fields: fc.record({
      logIndex: fc.nat(255),
      partition: fc.nat(65_535),
      offset: fc.maxSafeNat().map((number) => number % 2 ** 48),
      producer: fc.string({ unit: visible, maxLength: 64 }),
      position: fc.maxSafeNat().map((number) => number % 2 ** 48),
    }),
    payload: fc.uint8Array({ maxLength: 100 }),
    commit: fc.maxSafeNat(),
    isContinued: fc.boolean(),
  });
}

function encoded(record: AnyRecord, before: Uint8Array = new Uint8Array()): Buffer {
  const size = recordBytes(record.fields.producer, record.payload.length);
  const target = Buffer.alloc(before.length + size);
  target.set(before);
  const end = writeRecord(target, before.length, record.fields, record.payload);
  finishRecord(target, { start: before.length, end }, record.commit, record.isContinued);
  return target;
}
