/** What every log engine must do; run it on each of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import fc from "fast-check";
import type { Log } from "../log.js";

export const CONFORMANCE_PARTITIONS = 3;

/** An engine under test, holding one log of CONFORMANCE_PARTITIONS partitions. */
export interface LogFixture {
  /** The log that is open now. */
  readonly log: Log;
  /** Closes the log and opens what it stored. */
  reopen(): Promise<void>;
  /** Removes everything. */
  dispose(): Promise<void>;
}

const EVERYTHING = { recordsMax: 10_000, bytesMax: 100_000_000 };

/** Registers the suite for the engine `name`. */
export function logConformance(name: string, open: () => Promise<LogFixture>): void {
  const check = (title: string, run: (fixture: LogFixture) => Promise<void>): void => {
    test(`${name} keeps the contract of logs: ${title}`, async () => {
      const fixture = await open();
      try {
        await run(fixture);
      } finally {
        await fixture.dispose();
      }
    });
  };

  check("offsets begin at 0 and have no hole, in the order of calls", async ({ log }) => {
    const results = await Promise.all(["a", "b", "c"].map((text) => log.append(1, bytes(text))));
    assert.deepEqual(
      results.map(({ offset }) => offset),
      [0, 1, 2],
    );
    assert.deepEqual(await readAll(log, 1), ["a", "b", "c"]);
  });

  check("partitions do not see each other", async ({ log }) => {
    await Promise.all([log.append(0, bytes("zero")), log.append(2, bytes("two"))]);
    assert.deepEqual(
      [await readAll(log, 0), await readAll(log, 1), await readAll(log, 2)],
      [["zero"], [], ["two"]],
    );
  });

  check("the end is known at the call, the durable end when it resolves", async ({ log }) => {
    const appended = log.append(0, bytes("a"));
    assert.deepEqual([log.appendedEnd(0), log.durableEnd(0)], [1, 0]);
    await appended;
    assert.equal(log.durableEnd(0), 1);
  });

  check("a read honours its limits, returns at least one record, and can be continued", async ({ log }) => {
    await Promise.all(["aaaa", "bbbb", "cccc"].map((text) => log.append(0, bytes(text))));
    const reads = [];
    for (const limits of [
      { recordsMax: 2, bytesMax: 1000 },
      { recordsMax: 10, bytesMax: 8 },
      { recordsMax: 10, bytesMax: 1 },
    ]) {
      const { length } = await log.read(0, 0, limits);
      const atMost = limits.bytesMax === 1 ? 1 : 2;
      reads.push([length >= 1 && length <= atMost, await readAll(log, 0, limits)]);
    }
    const expected = [true, ["aaaa", "bbbb", "cccc"]];
    assert.deepEqual(reads, [expected, expected, expected]);
    assert.deepEqual(await log.read(0, 3, EVERYTHING), []);
  });

  check("listeners hear which partitions grew, until they are removed", async ({ log }) => {
    const heard: number[] = [];
    const remove = log.onDurable((partitions) => heard.push(...partitions));
    await log.append(2, bytes("a"));
    remove();
    await log.append(1, bytes("b"));
    assert.deepEqual(heard, [2]);
  });

  check("a source's record is stored once, also after reopening and trimming", async (fixture) => {
    const source = (position: number): { producer: string; position: number } => ({
      producer: "from/1",
      position,
    });
    const first = await fixture.log.append(0, bytes("a"), source(5));
    const repeat = await fixture.log.append(0, bytes("a"), source(5));
    const older = await fixture.log.append(0, bytes("z"), source(4));
    const elsewhere = await fixture.log.append(1, bytes("a"), source(5));
    await fixture.log.append(0, bytes("b"), { producer: "from/2", position: 1 });
    await fixture.log.trim(0, 2);
    await fixture.reopen();
    const afterwards = await fixture.log.append(0, bytes("a"), source(5));
    const next = await fixture.log.append(0, bytes("c"), source(6));
    assert.deepEqual(
      [first, repeat, older, elsewhere, afterwards, next].map(({ isDuplicate }) => isDuplicate),
      [false, true, true, false, true, false],
    );
    assert.equal(next.offset, 2);
  });

  check("a repeat that meets its original on the way waits for it", async ({ log }) => {
    const source = { producer: "p", position: 1 };
    const results = await Promise.all([log.append(0, bytes("a"), source), log.append(0, bytes("a"), source)]);
    assert.deepEqual(
      results.map(({ isDuplicate }) => isDuplicate),
      [false, true],
    );
    assert.equal(log.durableEnd(0), 1);
  });

  check("what is trimmed cannot be read, and trimming moves forward only", async ({ log }) => {
    await Promise.all(["a", "b", "c"].map((text) => log.append(0, bytes(text))));
    await log.trim(0, 2);
    await log.trim(0, 1);
    assert.equal(log.firstOffset(0), 2);
    await assert.rejects(log.read(0, 1, EVERYTHING), (error) => failureCode(error) === "log-trimmed");
    assert.deepEqual(await readAll(log, 0), ["c"]);
  });

  check("everything is there again after reopening, and offsets go on", async (fixture) => {
    await Promise.all(["a", "b"].map((text) => fixture.log.append(0, bytes(text))));
    await fixture.reopen();
    assert.equal((await fixture.log.append(0, bytes("c"))).offset, 2);
    assert.deepEqual(await readAll(fixture.log, 0), ["a", "b", "c"]);
  });

  check("closing makes durable what waits and then refuses", async ({ log }) => {
    const appended = log.append(0, bytes("a"));
    await log.close();
    await log.close();
    assert.equal((await appended).offset, 0);
    await assert.rejects(log.append(0, bytes("b")), (error) => failureCode(error) === "log-closed");
  });

  test(`${name} keeps the contract of logs: any mix of operations gives what a naive model gives`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation(), { maxLength: 40 }), (steps) => compare(open, steps)),
      {
        numRuns: 30,
      },
    );
  });
}

type Operation =
  | { readonly kind: "append"; readonly partition: number; readonly text: string; readonly position: number }
  | { readonly kind: "trim"; readonly partition: number; readonly share: number }
  | { readonly kind: "reopen" };

function operation(): fc.Arbitrary<Operation> {
  const partition = fc.integer({ min: 0, max: CONFORMANCE_PARTITIONS - 1 });
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("append" as const),
        partition,
        text: fc.string({ maxLength: 20 }),
        // 0: without a source.
        position: fc.integer({ min: 0, max: 6 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("trim" as const),
        partition,
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "reopen" as const }) },
  );
}

interface ModelPartition {
  readonly records: string[];
  first: number;
  position: number;
}

async function compare(open: () => Promise<LogFixture>, steps: readonly Operation[]): Promise<void> {
  const fixture = await open();
  const model: ModelPartition[] = Array.from({ length: CONFORMANCE_PARTITIONS }, () => ({
    records: [],
    first: 0,
    position: 0,
  }));
  try {
    for (const step of steps) await applyBoth(fixture, model, step);
    for (const [partition, { records, first }] of model.entries()) {
      assert.equal(fixture.log.durableEnd(partition), records.length);
      const kept = fixture.log.firstOffset(partition);
      assert.ok(kept <= first);
      assert.deepEqual(await readAll(fixture.log, partition), records.slice(kept));
    }
  } finally {
    await fixture.dispose();
  }
}

async function applyBoth(
  fixture: LogFixture,
  model: readonly ModelPartition[],
  step: Operation,
): Promise<void> {
  if (step.kind === "reopen") {
    await fixture.reopen();
    return;
  }
  const partition = model[step.partition]!;
  if (step.kind === "trim") {
    const before = Math.floor(step.share * partition.records.length);
    partition.first = Math.max(partition.first, before);
    await fixture.log.trim(step.partition, before);
    return;
  }
  const source = step.position === 0 ? undefined : { producer: "p", position: step.position };
  const result = await fixture.log.append(step.partition, bytes(step.text), source);
  const isDuplicate = source !== undefined && source.position <= partition.position;
  assert.equal(result.isDuplicate, isDuplicate);
  if (isDuplicate) return;
  if (source !== undefined) partition.position = source.position;
  assert.equal(result.offset, partition.records.length);
  partition.records.push(step.text);
}

/** The payloads from the first offset to the durable end, and that their offsets have no hole. */
async function readAll(log: Log, partition: number, limits = EVERYTHING): Promise<string[]> {
  const found: string[] = [];
  let next = log.firstOffset(partition);
  while (next < log.durableEnd(partition)) {
    const records = await log.read(partition, next, limits);
    assert.ok(records.length > 0, "what is durable can be read");
    for (const { offset, payload } of records) {
      assert.equal(offset, next);
      next += 1;
      found.push(decoded(payload));
    }
  }
  return found;
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function decoded(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}
