/**
 * Goal: a journal whose files were damaged in any way opens with what it had, but for the last commits of a cut end, or is
 * refused by code with the file that is damaged; it never fails in another way, and never serves anything else.
 *
 * Method: three segments with a record for each commit, of which one to three places are changed, cut, filled, moved or put
 * in. The tests of recovery go through all single bytes; these take what comes together.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Failure } from "@parley/base";
import fc from "fast-check";

import { openOn, segment, texts } from "../testing/journal-fixture.js";
import { SimulatedDisk } from "../simulation/simulated-disk.js";

const TEXTS = ["one", "two", "three", "four", "five", "six", "seven"].map((text) => text.padEnd(20));
const SEGMENTS = [1, 2, 3];

/** A change of a file that may make it shorter at its end only, or elsewhere. */
interface Damage {
  readonly segment: number;
  readonly apply: (bytes: Buffer) => Buffer;
}

describe("a journal with damaged files", () => {
  it("opens with a beginning of what it had, or is refused with the file", async () => {
    const whole = await written();
    let openedCount = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        const disk = new SimulatedDisk();
        const contents = new Map(whole);
        for (const { segment: number, apply } of damages)
          contents.set(number, apply(contents.get(number) ?? Buffer.alloc(0)));
        for (const [number, bytes] of contents) disk.put(segment(number), bytes);
        const opened = await openOn(disk).catch((error: unknown) => error);
        if (opened instanceof Error) {
          assert.ok(opened instanceof Failure, String(opened));
          assert.ok(["log-corrupt", "log-layout-mismatch"].includes(opened.code), opened.code);
          assert.match(opened.message, /\.seg/);
          return;
        }
        openedCount += 1;
        const { journal, alpha, beta } = opened as Awaited<ReturnType<typeof openOn>>;
        const found = await texts(alpha, 0);
        await journal.close();
        assert.deepEqual([found, await texts(beta, 0)], [TEXTS.slice(0, found.length), []]);
        // What lies before the last segment was acknowledged for certain.
        assert.ok(found.length >= TEXTS.length - inLast(whole), `${found.length} are left.`);
      }),
      { numRuns: 1_000 },
    );
    assert.ok(openedCount > 0);
  });

  it("of nothing but arbitrary bytes is refused, or has lost its only segment while it was made", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 500 }), { minLength: 1, maxLength: 2 }),
        async (files) => {
          const disk = new SimulatedDisk();
          for (const [index, bytes] of files.entries()) disk.put(segment(index + 1), Buffer.from(bytes));
          const opened = await openOn(disk).catch((error: unknown) => error);
          assert.ok(opened instanceof Failure, "Arbitrary bytes were taken for a journal.");
          assert.ok(["log-corrupt", "log-layout-mismatch"].includes(opened.code), opened.code);
        },
      ),
      { numRuns: 500 },
    );
  });
});

const place = fc.nat(2_000);
const damage: fc.Arbitrary<Damage> = fc.record({
  segment: fc.constantFrom(...SEGMENTS),
  apply: fc.oneof(
    fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([at, bits]) => (bytes: Buffer) => {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[at % copy.length]! ^= bits;
      return copy;
    }),
    place.map((at) => (bytes: Buffer) => bytes.subarray(0, at % (bytes.length + 1))),
    fc.tuple(place, fc.nat(100), fc.nat(255)).map(([at, length, value]) => (bytes: Buffer) => {
      const start = at % (bytes.length + 1);
      return Buffer.from(bytes).fill(value, start, Math.min(bytes.length, start + length));
    }),
    fc.tuple(place, place, fc.nat(100)).map(([from, to, length]) => (bytes: Buffer) => {
      const copy = Buffer.from(bytes);
      const start = from % (bytes.length + 1);
      bytes.copy(copy, to % (bytes.length + 1), start, start + length);
      return copy;
    }),
    fc.tuple(place, fc.uint8Array({ maxLength: 40 })).map(([at, inserted]) => (bytes: Buffer) => {
      const start = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, start), inserted, bytes.subarray(start)]);
    }),
  ),
});

/** The segments of a journal with all of TEXTS. */
async function written(): Promise<ReadonlyMap<number, Buffer>> {
  const disk = new SimulatedDisk();
  const { journal, alpha } = await openOn(disk, { segmentBytes: 330 });
  for (const text of TEXTS) await alpha.append(0, Buffer.from(text));
  await journal.close();
  assert.deepEqual(disk.paths(), SEGMENTS.map(segment));
  return new Map(SEGMENTS.map((number) => [number, disk.content(segment(number))]));
}

/** How many texts the last segment holds. */
function inLast(whole: ReadonlyMap<number, Buffer>): number {
  const last = whole.get(SEGMENTS.length)!.toString("latin1");
  return TEXTS.filter((text) => last.includes(text)).length;
}
