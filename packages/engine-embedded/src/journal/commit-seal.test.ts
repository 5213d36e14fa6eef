import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";

import type { Random } from "@parley/base";
import type { LogRecord } from "@parley/logs";
import fc from "fast-check";

import { EVERYTHING, bytes, keyringOn, openOn, outcome, segment, texts } from "../testing/journal-fixture.js";
import { SimulatedDisk } from "../simulation/simulated-disk.js";
import { HEADER_PREFIX_BYTES, decodeHeader, readRecord } from "./record-format.js";

/** Read from the disk, always. */
const NO_CACHE = { tailCacheBytes: 0 };

/** Data keys of 1, 1, 1 … for the first tenant, 2, 2, 2 … for the second. */
function countingRandom(): Random {
  let keys = 0;
  return {
    unit: () => 0,
    bytes: (length) => {
      if (length === 32) keys += 1;
      // Of a tenant's four secrets the fourth is its data key.
      return new Uint8Array(length).fill(length === 32 && keys % 4 === 0 ? keys / 4 : 0x55);
    },
  };
}

/** A commit of three records of two owners: "hello" and "again" of main, "hi" of acme. */
async function written(random?: Random): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const { journal, alpha, beta } = await openOn(disk, { keyring: await keyringOn(disk, random) });
  await Promise.all([
    alpha.append(0, bytes("hello"), undefined, "main"),
    beta.append(0, bytes("hi"), { producer: "alpha/0", position: 258 }, "acme"),
    alpha.append(1, bytes("again"), undefined, "main"),
  ]);
  await journal.close();
  return disk;
}

async function readAll(disk: SimulatedDisk): Promise<readonly LogRecord[]> {
  const { journal, alpha, beta } = await openOn(disk, { ...NO_CACHE, keyring: await keyringOn(disk) });
  try {
    const parts = [alpha.read(0, 0, EVERYTHING), alpha.read(1, 0, EVERYTHING), beta.read(0, 0, EVERYTHING)];
    return (await Promise.all(parts)).flat();
  } finally {
    await journal.close();
  }
}

/** Where the records of the first segment begin and end. */
function places(
  disk: SimulatedDisk,
): readonly { readonly start: number; readonly payloadStart: number; readonly end: number }[] {
  const content = disk.content(segment(1));
  const found: { start: number; payloadStart: number; end: number }[] = [];
  for (let at = decodeHeader(content)!.length; at < content.length; at = found.at(-1)!.end) {
    found.push(readRecord(content, at)!);
  }
  return found;
}

/** Changes a record as somebody would who can compute its checksum. */
function forge(disk: SimulatedDisk, index: number, change: (record: Buffer) => void): void {
  const { start, end } = places(disk)[index]!;
  const record = disk.content(segment(1)).subarray(start, end);
  change(record);
  record.writeUInt32LE(crc32(record.subarray(8)), 4);
  disk.overwrite(segment(1), start, record);
}

describe("a sealed commit", () => {
  it("is, byte for byte, what the document says", async () => {
    const content = (await written(countingRandom())).content(segment(1));
    const header = decodeHeader(content)!.length;
    assert.ok(header > HEADER_PREFIX_BYTES);
    assert.equal(content.toString("hex", header), GOLDEN);
  });

  it("shows no payload on the disk, and gives it to readers, also after opening again", async () => {
    const disk = await written();
    for (const path of disk.paths()) {
      for (const text of ["hello", "again"]) assert.equal(disk.content(path).includes(text), false);
    }
    const read = (await readAll(disk)).map(({ payload }) => Buffer.from(payload).toString());
    assert.deepEqual(read, ["hello", "again", "hi"]);
  });

  it("is read from memory while it is new, without a look at the disk", async () => {
    const disk = new SimulatedDisk();
    const { alpha } = await openOn(disk, { keyring: await keyringOn(disk) });
    await alpha.append(0, bytes("new"), undefined, "main");
    const before = disk.count("read");
    assert.deepEqual([await texts(alpha, 0), disk.count("read")], [["new"], before]);
  });

  it("gives a destroyed owner's records as destroyed, and the others as they are", async () => {
    const disk = await written();
    await (await keyringOn(disk)).shredTenant("main");
    assert.deepEqual(
      (await readAll(disk)).map(({ offset, payload, isDestroyed }) => [offset, payload.length, isDestroyed]),
      [
        [0, 0, true],
        [0, 0, true],
        [0, 2, undefined],
      ],
    );
  });

  it("that somebody changed, with checksums that fit, is refused", async () => {
    const changes: readonly (readonly [string, (disk: SimulatedDisk) => void])[] = [
      [
        "a payload",
        (disk) => forge(disk, 0, (record) => record.writeUInt8(record.at(-1)! ^ 1, record.length - 1)),
      ],
      ["the partition", (disk) => forge(disk, 0, (record) => record.writeUInt16LE(1, 14))],
      ["the seal's number", (disk) => forge(disk, 0, (record) => record.writeUIntLE(2, 22, 3))],
      ["no seal", (disk) => forge(disk, 0, (record) => record.writeUIntLE(0, 22, 3))],
      ["a seal that is not there", (disk) => forge(disk, 0, (record) => record.writeUIntLE(9, 22, 3))],
      ["the source", (disk) => forge(disk, 1, (record) => record.writeUIntLE(259, record.length - 8, 6))],
      [
        "a tag",
        (disk) => forge(disk, 3, (record) => record.writeUInt8(record.at(-1)! ^ 1, record.length - 1)),
      ],
      ["the other key", (disk) => forge(disk, 3, (record) => record.writeUInt32BE(2, 26))],
      [
        "payloads that changed places",
        (disk) => {
          const [first, , third] = places(disk);
          const content = disk.content(segment(1));
          const [one, other] = [
            content.subarray(first!.payloadStart, first!.end),
            content.subarray(third!.payloadStart, third!.end),
          ];
          forge(disk, 0, (record) => other.copy(record, record.length - 5));
          forge(disk, 2, (record) => one.copy(record, record.length - 5));
        },
      ],
    ];
    for (const [what, change] of changes) {
      const disk = await written();
      change(disk);
      assert.equal(await outcome(readAll(disk)), "log-corrupt", what);
    }
  });

  it("that was moved to another place of the log is refused", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk, { keyring: await keyringOn(disk) });
    await alpha.append(0, bytes("one"), undefined, "main");
    await alpha.append(0, bytes("two"), undefined, "main");
    await journal.close();
    const [first, firstSeals, second, secondSeals] = places(disk);
    const content = disk.content(segment(1));
    const part = (at: typeof first): Buffer => Buffer.from(content.subarray(at!.start, at!.end));
    const [one, oneSeals, two, twoSeals] = [part(first), part(firstSeals), part(second), part(secondSeals)];
    // The older payload with its seal, in the place of the newer one.
    one.copy(two, two.length - 3, one.length - 3);
    oneSeals.copy(twoSeals, twoSeals.length - 33, oneSeals.length - 33);
    for (const [record, at] of [
      [two, second],
      [twoSeals, secondSeals],
    ] as const) {
      record.writeUInt32LE(crc32(record.subarray(8)), 4);
      disk.overwrite(segment(1), at!.start, record);
    }
    const again = await openOn(disk, { ...NO_CACHE, keyring: await keyringOn(disk) });
    assert.equal(await outcome(again.alpha.read(0, 1, EVERYTHING)), "log-corrupt");
    assert.equal(await outcome(again.alpha.read(0, 0, { recordsMax: 1, bytesMax: 1 })), "fulfilled");
  });

  it("without the key that sealed it says which one is missing", async () => {
    const disk = await written();
    const { alpha } = await openOn(disk, { ...NO_CACHE, keyring: await keyringOn(new SimulatedDisk()) });
    assert.equal(await outcome(alpha.read(0, 0, EVERYTHING)), "key-missing");
  });

  it("is not read by a journal that is opened without keys, nor an unsealed one with them", async () => {
    const sealed = await openOn(await written(), NO_CACHE);
    assert.equal(await outcome(sealed.alpha.read(0, 0, EVERYTHING)), "log-corrupt");
    const disk = new SimulatedDisk();
    const plain = await openOn(disk);
    await plain.alpha.append(0, bytes("plain"));
    await plain.journal.close();
    const other = await openOn(disk, { ...NO_CACHE, keyring: await keyringOn(disk) });
    assert.equal(await outcome(other.alpha.read(0, 0, EVERYTHING)), "log-corrupt");
  });

  it("of any owners, sizes and partitions is read as it was written, in pieces too", async () => {
    const record = fc.record({
      owner: fc.constantFrom("", "a", "b", "c"),
      at: fc.nat(2),
      payload: fc.uint8Array({ maxLength: 300 }),
      isWaitedFor: fc.boolean(),
    });
    const holds = fc.asyncProperty(
      fc.array(record, { maxLength: 40 }),
      fc.nat(500),
      async (records, bytesMax) => {
        const disk = new SimulatedDisk();
        const options = { ...NO_CACHE, segmentBytes: 2_000, keyring: await keyringOn(disk) };
        const { journal } = await openOn(disk, options);
        const expected: string[][] = [[], [], []];
        let waiting: Promise<unknown>[] = [];
        for (const { owner, at, payload, isWaitedFor } of records) {
          expected[at]!.push(Buffer.from(payload).toString("hex"));
          const log = journal.log(at === 2 ? "beta" : "alpha");
          waiting.push(log.append(at % 2, payload, undefined, owner));
          if (isWaitedFor) await Promise.all(waiting);
          if (isWaitedFor) waiting = [];
        }
        await journal.close();
        await Promise.all(waiting);
        const again = await openOn(disk, { ...NO_CACHE, keyring: await keyringOn(disk) });
        for (const [at, payloads] of expected.entries()) {
          const log = at === 2 ? again.beta : again.alpha;
          const found: string[] = [];
          while (found.length < payloads.length) {
            const some = await log.read(at % 2, found.length, { recordsMax: 7, bytesMax });
            found.push(...some.map(({ payload }) => Buffer.from(payload).toString("hex")));
            assert.ok(some.length > 0);
          }
          assert.deepEqual(found, payloads);
        }
        await again.journal.close();
      },
    );
    await fc.assert(holds, { numRuns: 100 });
  });

  it("that gets no key because the disk is full is refused, and the next one is taken", async () => {
    const disk = new SimulatedDisk();
    const { alpha } = await openOn(disk, { keyring: await keyringOn(disk) });
    disk.faults = (operation, path) =>
      operation === "write" && path.startsWith("/keys/") ? { code: "ENOSPC" } : undefined;
    assert.equal(await outcome(alpha.append(0, bytes("x"), undefined, "main")), "log-full");
    disk.faults = () => undefined;
    assert.equal(await outcome(alpha.append(0, bytes("x"), undefined, "main")), "fulfilled");
    assert.deepEqual(await texts(alpha, 0), ["x"]);
  });
});

describe("rolling the journal", () => {
  it("removes what is trimmed from the disk, though its segment was not full", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk);
    await alpha.append(0, bytes("canary"));
    await alpha.trim(0, 1);
    assert.equal(disk.content(segment(1)).includes("canary"), true);
    await journal.roll();
    assert.deepEqual(disk.paths(), [segment(2)]);
    await alpha.append(0, bytes("next"));
    assert.deepEqual(await texts(alpha, 0), ["next"]);
    await journal.close();
    assert.equal(await outcome(journal.roll()), "log-closed");
  });

  it("takes its turn with commits", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk);
    const appends = Array.from({ length: 20 }, (_, index) => alpha.append(0, bytes(`${index}`)));
    await Promise.all([...appends, journal.roll(), alpha.append(0, bytes("20")), journal.roll()]);
    assert.deepEqual(
      await texts(alpha, 0),
      Array.from({ length: 21 }, (_, index) => `${index}`),
    );
    await journal.close();
    const again = await openOn(disk);
    assert.equal((await texts(again.alpha, 0)).length, 21);
  });
});

/** Made by another program (Python's struct, zlib and cryptography) from docs/subsystems/journal.md and keys.md. */
const GOLDEN = [
  // "hello" of main, seal 1.
  "16000000 25c6f9f2 01000000 00 80 0000 000000000000 010000 bb30e7a352",
  // "hi" of acme, seal 2, made from alpha/0 at 258.
  "20000000 0560647b 01000000 01 87 0000 000000000000 020000 616c7068612f30 020100000000 ce23",
  // "again" of main, seal 1.
  "16000000 6a8ded59 01000000 00 80 0100 000000000000 010000 9788c607a9",
  // The seals: kind, data key, nonce, tag.
  "53000000 a475a6cf 01000000 ff 00 0000 000000000000 000000",
  "01 00000001 00000001 0000000000000001 5de5b7a1ae4e635e09e3f0b049ad1726",
  "01 00000002 00000001 0000000000000002 2b9a4234eff178b128e62ba27933bfb3",
]
  .join("")
  .replaceAll(" ", "");
