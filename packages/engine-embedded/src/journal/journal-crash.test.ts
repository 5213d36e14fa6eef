/**
 * The journal keeps its promises through any crash.
 *
 * Method: fast-check makes up runs of bursts of appends, trims, pauses and stops on a simulated disk, with small segments
 * so that rolls happen all the time. A stop ends the process or the power at any disk operation, also in the middle of a
 * write; at a loss of power an arbitrary subset of the sectors and names that were not synced survives. A failed sync
 * drops what it should have written. After each stop the journal is opened again and compared with a model that knows
 * every record that was ever appended, which were answered, and what listeners and readers have seen. Checked:
 *
 *   C1  What was answered or seen is there (J1).
 *   C2  What is there was appended, at that offset, with that content: a prefix of what was appended, without a hole.
 *   C3  What was trimmed may be there or not; nothing else is missing.
 *   C4  A producer's record is there once (J4): known positions are duplicates, lost ones are taken again.
 *   C5  Everybody who waits gets an end, and no file stays open.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { type Random, failureCode } from "@parley/base";
import { seededRandom } from "@parley/base/testing";
import type { Log } from "@parley/logs";
import fc from "fast-check";

import {
  EVERYTHING,
  LOGS,
  type OpenedJournal,
  bytes,
  keyringOn,
  openOn,
  outcome,
  texts,
} from "../testing/journal-fixture.js";
import { SimulatedDisk } from "../simulation/simulated-disk.js";

const RUNS = 500;
/** Headers take about 240 bytes and records 20 to 1500: a few records a segment. */
const OPTIONS = { segmentBytes: 1500, tailCacheBytes: 600 };
const PARTITIONS = LOGS.flatMap(({ name, partitionCount }) =>
  Array.from({ length: partitionCount }, (_, partition) => ({ name, partition })),
);
const REFUSALS = ["log-failed", "log-full", "log-closed"];
const PRODUCERS = ["", "alpha/0", "alpha/1"];

type Step =
  | {
      readonly kind: "append";
      readonly at: number;
      readonly length: number;
      readonly producer: string;
      readonly isRepeat: boolean;
    }
  | { readonly kind: "pause" }
  | { readonly kind: "settle" }
  /** Of one partition, or of all, so that segments are removed. */
  | { readonly kind: "trim"; readonly at: number | "all"; readonly share: number }
  | { readonly kind: "roll" }
  /** After `operations` more disk operations the next one does not happen, or a write happens in part. */
  | {
      readonly kind: "stop";
      readonly how: "power" | "process" | "failing disk";
      readonly operations: number;
      readonly bytesDone: number;
    }
  | { readonly kind: "close" };

interface Appended {
  readonly text: string;
  readonly source: { readonly producer: string; readonly position: number } | undefined;
}

/** What the model knows of one partition. */
interface ModelPartition {
  /** By offset. */
  records: Appended[];
  /** Everything below was answered, or was seen by a listener or reader. */
  promised: number;
  trimmed: number;
  positions: Map<string, number>;
}

const OWNERS = ["", "main", "acme"];

for (const isSealed of [false, true]) {
  const name = isSealed ? "the sealed journal, and its key store," : "the journal";
  test(`${name} keeps what it promised through any crash`, () => promisesHold(isSealed));
}

async function promisesHold(isSealed: boolean): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep(), { minLength: 5, maxLength: 60 }), fc.nat(), async (steps, seed) => {
      const run = await CrashRun.begin(seed, isSealed);
      for (const step of steps) await run.perform(step);
      await run.stopNow("power");
      await run.perform({ kind: "close" });
    }),
    { numRuns: RUNS },
  );
}

class CrashRun {
  readonly #disk = new SimulatedDisk();
  readonly #random: Random;
  readonly #isSealed: boolean;
  readonly #model: readonly ModelPartition[] = PARTITIONS.map(() => ({
    records: [],
    promised: 0,
    trimmed: 0,
    positions: new Map(),
  }));
  #opened!: OpenedJournal;
  #waiting: Promise<unknown>[] = [];
  #stop: "power" | "process" | "failing disk" | undefined;
  #serial = 0;

  constructor(seed: number, isSealed: boolean) {
    this.#isSealed = isSealed;
    this.#random = seededRandom(seed);
    this.#disk.latency = async () => {
      while (this.#random.unit() < 0.2) await turn();
    };
  }

  static async begin(seed: number, isSealed: boolean): Promise<CrashRun> {
    const run = new CrashRun(seed, isSealed);
    await run.#open();
    return run;
  }

  async perform(step: Step): Promise<void> {
    if (step.kind === "append") this.#append(step);
    else if (step.kind === "pause") await turn();
    else if (step.kind === "settle") await this.#settle();
    else if (step.kind === "trim") await this.#trim(step);
    else if (step.kind === "roll") this.#roll();
    else if (step.kind === "stop") this.#planStop(step);
    else await this.#reopen();
    if (this.#stop !== undefined) await this.stopNow(this.#stop);
  }

  /** Ends the process, or the power, and opens again. */
  async stopNow(how: "power" | "process" | "failing disk"): Promise<void> {
    this.#stop = undefined;
    if (how === "failing disk") await this.#settle();
    if (how === "power") this.#disk.losePower(() => this.#random.unit() < 0.5);
    else this.#disk.endProcess();
    // The journal of before is dead; whoever waits on it is told so, and that changes nothing any more.
    await Promise.all(this.#waiting);
    this.#waiting = [];
    await this.#open();
  }

  async #open(): Promise<void> {
    const keyring = this.#isSealed ? await keyringOn(this.#disk, this.#random) : undefined;
    this.#opened = await openOn(this.#disk, { ...OPTIONS, keyring });
    for (const at of PARTITIONS.keys()) await this.#compare(at);
    for (const { name } of LOGS) {
      const log = this.#opened.journal.log(name);
      log.onDurable((partitions) => {
        for (const partition of partitions) this.#promise(name, partition, log.durableEnd(partition));
      });
    }
  }

  async #compare(at: number): Promise<void> {
    const { log, partition } = this.#log(at);
    const model = this.#model[at]!;
    const [first, end] = [log.firstOffset(partition), log.durableEnd(partition)];
    assert.ok(end >= model.promised, `C1: ${end} records are there, ${model.promised} were promised`);
    assert.ok(end <= model.records.length, "C2: there are more records than were appended");
    assert.equal(log.appendedEnd(partition), end);
    assert.ok(first <= model.trimmed, `C3: begins at ${first}, trimmed was up to ${model.trimmed}`);
    const expected = model.records.slice(first, end).map(({ text }) => text);
    assert.deepEqual(await texts(log, partition), expected, "C2");
    model.records = model.records.slice(0, end);
    model.promised = end;
    model.positions = new Map();
    for (const { source } of model.records) {
      if (source !== undefined) model.positions.set(source.producer, source.position);
    }
  }

  #append(step: Extract<Step, { kind: "append" }>): void {
    const { log, partition, name } = this.#log(step.at);
    const model = this.#model[step.at]!;
    const known = model.positions.get(step.producer) ?? 0;
    const isRepeat = step.isRepeat && known > 0 && step.producer !== "";
    const source =
      step.producer === "" ? undefined : { producer: step.producer, position: isRepeat ? known : known + 1 };
    this.#serial += 1;
    const text = `${this.#serial} `.padEnd(step.length, "x");
    const offset = model.records.length;
    const appended = log.append(partition, bytes(text), source, OWNERS[this.#serial % OWNERS.length]);
    if (!isRepeat && log.appendedEnd(partition) > offset) {
      model.records.push({ text, source });
      if (source !== undefined) model.positions.set(source.producer, source.position);
    }
    // An answered repeat says that the original is durable, C4.
    const answered = isRepeat ? model.records.findLastIndex((record) => isFrom(record, source)) : offset;
    this.#waiting.push(
      appended.then(
        (result) => {
          assert.deepEqual(result, { offset: isRepeat ? -1 : offset, isDuplicate: isRepeat });
          this.#promise(name, partition, answered + 1);
        },
        (error: unknown) => assert.ok(REFUSALS.includes(failureCode(error) ?? ""), String(error)),
      ),
    );
  }

  async #trim({ at, share }: Extract<Step, { kind: "trim" }>): Promise<void> {
    if (at === "all") {
      for (const each of PARTITIONS.keys()) await this.#trim({ kind: "trim", at: each, share });
      return;
    }
    const { log, partition } = this.#log(at);
    const model = this.#model[at]!;
    const before = Math.floor(share * (log.durableEnd(partition) + 1));
    model.trimmed = Math.max(model.trimmed, Math.min(before, log.durableEnd(partition)));
    await this.#attempt(log.trim(partition, before));
    await this.#attempt(this.#look(at));
  }

  #roll(): void {
    const rolled = outcome(this.#opened.journal.files.roll());
    this.#waiting.push(
      rolled.then((code) => assert.ok(["fulfilled", "log-failed", "log-closed"].includes(code), code)),
    );
  }

  /** Fails only when the disk does. */
  async #attempt(task: Promise<void>): Promise<void> {
    const code = await outcome(task);
    assert.ok(code === "fulfilled" || (this.#stop !== undefined && code === "log-failed"), code);
  }

  /** A reader looks, and what it saw is promised. */
  async #look(at: number): Promise<void> {
    const { log, partition, name } = this.#log(at);
    const first = log.firstOffset(partition);
    for (const { offset, payload } of await log.read(partition, first, EVERYTHING)) {
      assert.equal(Buffer.from(payload).toString(), this.#model[at]!.records[offset]?.text);
      this.#promise(name, partition, offset + 1);
    }
  }

  #planStop({ how, operations, bytesDone }: Extract<Step, { kind: "stop" }>): void {
    let left = operations;
    this.#disk.faults = () => {
      left -= 1;
      if (left >= 0) return undefined;
      this.#stop = how;
      return { code: "EIO", bytesDone };
    };
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#waiting);
    this.#waiting = [];
  }

  async #reopen(): Promise<void> {
    // Whoever waits gets an end when the journal is closed, C5.
    await this.#opened.journal.close();
    await this.#settle();
    assert.equal(this.#disk.openFiles, 0, "C5");
    if (this.#stop === undefined) {
      this.#disk.endProcess();
      await this.#open();
    }
  }

  #promise(name: string, partition: number, end: number): void {
    const at = PARTITIONS.findIndex((found) => found.name === name && found.partition === partition);
    this.#model[at]!.promised = Math.max(this.#model[at]!.promised, end);
  }

  #log(at: number): { readonly log: Log; readonly partition: number; readonly name: string } {
    const { name, partition } = PARTITIONS[at]!;
    return { log: this.#opened.journal.log(name), partition, name };
  }
}

function isFrom(record: Appended, source: Appended["source"]): boolean {
  return record.source?.producer === source?.producer && record.source?.position === source?.position;
}

function anyStep(): fc.Arbitrary<Step> {
  const at = fc.nat(PARTITIONS.length - 1);
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant("append" as const),
        at,
        length: fc.oneof(
          { weight: 6, arbitrary: fc.nat(60) },
          { weight: 1, arbitrary: fc.integer({ min: 400, max: 9000 }) },
        ),
        producer: fc.constantFrom(...PRODUCERS),
        isRepeat: fc.boolean(),
      }),
    },
    { weight: 4, arbitrary: fc.constant({ kind: "pause" as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: "settle" as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("trim" as const),
        at: fc.oneof(at, fc.constant("all" as const)),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("stop" as const),
        how: fc.constantFrom("power", "process", "failing disk"),
        operations: fc.nat(12),
        bytesDone: fc.nat(2000),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "roll" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "close" as const }) },
  );
}

/** A turn of the event loop, in which the journal works. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
