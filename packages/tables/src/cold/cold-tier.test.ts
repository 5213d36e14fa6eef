/**
 * Goal: nobody can tell where a row lies. Whatever goes cold, comes back, is trimmed or swept, and wherever the power fails, each
 * row is read once, as it was last written; and what is dead leaves the store.
 *
 * Method: random steps compared with a map after each one; a power failure at every write and at every operation of the store;
 * readers and writers while rows move, on an engine whose answers take turns of chance.
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import { RecordingLogger, seededRandom } from "@parley/base/testing";
import * as fc from "fast-check";
import { BlockTables } from "../blocks/block-tables.js";
import { blockTableOf } from "../blocks/stored-keys.js";
import { MemoryTables, MemoryTableStore } from "../memory-tables.js";
import { crashingTables, slowTables } from "../testing/crashing-tables.js";
import { immediateScheduler, ManualClock } from "../testing/manual-time.js";
import { MemoryObjects } from "../testing/memory-objects.js";
import type { Key, Tables, TableSpec, Write } from "../tables.js";
import { readDirectory } from "./cold-object.js";
import { noSeals } from "./seals.js";

/** A row says its number, its version and its time: the number in thousands. */
const TABLE: TableSpec = {
  name: "history",
  isPacked: true,
  timeOf: (value) => Number(text(value).split(" ")[2]),
};
const PARTITION: Key = ["tenant", "one"];
const ALL: { readonly table: TableSpec; readonly partition: Key; readonly limit: number } = {
  table: TABLE,
  partition: PARTITION,
  limit: 10_000,
};
const GENTLE = { pauseFactor: 0 };
const OBJECT_BYTES = 4_000;
/** Of a cold block. */
const COLD_ROWS_MAX = 512;
/** Whoever changes rows all the time keeps them from moving. */
const EDIT_PAUSE_TURNS = 200;

test("rows go cold, come back, are trimmed and swept, and always read as they were last written", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryStep(), { maxLength: 14 }), async (steps) => {
      const world = new World();
      for (const step of steps) {
        await take(step, world);
        await world.requireSame(`after ${JSON.stringify(step)}`);
      }
      world.tables = world.open();
      await world.requireSame("after a reopening");
    }),
    { numRuns: 150 },
  );
});

test("a power failure at any write or any operation of the store loses and doubles nothing", async () => {
  const steps = await crashed(Infinity);
  ok(steps >= 12, `${steps} steps can fail`);
  for (let at = 1; at <= steps; at++) await crashed(at);
});

test("readers and writers meet every row while rows move", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    const world = new World((engine) => slowTables(engine, () => random.unit()));
    await world.append(2_000);
    const expected = world.last;
    const cold = world.tables.cold!;
    const run = { isDone: false };
    const reading = (async () => {
      let reads = 0;
      for (; !run.isDone; reads++) {
        const from = 1 + Math.floor(random.unit() * expected);
        const isDescending = reads % 2 === 0;
        const bound = isDescending ? { before: [from + 1] } : { from: [from] };
        const rows = await world.tables.range({ ...ALL, ...bound, limit: 60, isDescending });
        const wanted = isDescending ? Math.min(60, from) : Math.min(60, expected - from + 1);
        const sorts = rows.slice(0, wanted).map(({ sort }) => sort[0]);
        const numbers = Array.from({ length: wanted }, (_, index) => from + (isDescending ? -index : index));
        deepEqual(sorts, numbers);
      }
      return reads;
    })();
    const writing = (async () => {
      while (!run.isDone) {
        await world.edit(1 + Math.floor(random.unit() * expected));
        for (let turn = 0; turn < EDIT_PAUSE_TURNS; turn++) await new Promise(setImmediate);
      }
    })();
    await cold.pass(TABLE, async () => ({ beforeMs: 1_500_000 }), GENTLE);
    await cold.sweep([TABLE], GENTLE);
    await cold.thaw({ table: TABLE, partition: PARTITION }, GENTLE);
    await cold.pass(TABLE, async () => ({ beforeMs: 1_700_000 }), GENTLE);
    await cold.sweep([TABLE], GENTLE);
    run.isDone = true;
    ok((await reading) > 0);
    await writing;
    await world.requireSame(`seed ${seed}`);
    ok(cold.stats.movedRows > 1_500, "rows went cold");
  }
});

test("what is old goes: enough rows at once, or the last ones of a conversation where nobody writes any more", async () => {
  const world = new World();
  await world.append(600);
  const pass = (beforeMs: number) => world.tables.cold!.pass(TABLE, async () => ({ beforeMs }), GENTLE);
  equal((await pass(200_000)).movedRows, 0, "less than a block's worth is old");
  ok((await pass(590_000)).movedRows >= 256);
  equal((await pass(590_000)).movedRows, 0);
  const rest = 600 - world.tables.cold!.stats.movedRows;
  equal((await pass(601_000)).movedRows, rest, "nothing young is left");
  equal(await world.hotBlocks(), 0);
  await world.requireSame("at last");
});

test("rows that are changed or deleted on their way stay where they are until the next pass, and those after them", async () => {
  const world = new World(undefined, 1_000_000);
  await world.append(1_500);
  const sound = world.objects;
  const meddled = new MemoryObjects();
  world.objects = meddled;
  meddled.put = async (...args) => {
    await sound.put(...args);
    await world.edit(700);
    await world.remove(701);
  };
  world.tables = world.open();
  const pass = () => world.tables.cold!.pass(TABLE, async () => ({ beforeMs: Infinity }), GENTLE);
  equal((await pass()).movedRows, 400);
  equal(world.tables.cold!.stats.lostMoves, 3);
  world.objects = sound;
  world.tables = world.open();
  await world.requireSame("after a lost move");
  equal((await pass()).movedRows, 1_099);
  await world.tables.cold!.sweep([TABLE], GENTLE);
  await world.requireSame("after the next pass");
  equal(await world.besideRows(), 0);
  equal(await world.tables.cold!.thaw({ table: TABLE, partition: PARTITION }, GENTLE), 1_499);
});

test("what is written after a cold conversation has woken up is packed, and what is cold is not packed with it", async () => {
  const world = new World();
  await world.append(30);
  await world.tables.cold!.pass(TABLE, async () => ({ beforeMs: Infinity }), GENTLE);
  world.tables = world.open();
  for (let round = 0; round < 6; round++) await world.append(40);
  deepEqual(world.logger.warnings, []);
  equal(await world.hotBlocks(), 4, "160 rows in two blocks, and two that came after");
  equal((await world.engine.range({ ...ALL, table: blockTableOf(TABLE) })).length, 5);
  await world.requireSame("woken up");
});

test("a page of old history is fetched once, and the next ones with it", async () => {
  const world = new World(undefined, 1_000_000);
  await world.append(4_000);
  await world.tables.cold!.pass(TABLE, async () => ({ beforeMs: Infinity }), GENTLE);
  world.tables = world.open();
  const { stats } = world.tables.cold!;
  equal(stats.reads, 0);
  for (let before = 4_001; before > 1; before -= 50) {
    const query = { table: TABLE, partition: PARTITION, from: [before - 50], before: [before], limit: 50 };
    equal((await world.tables.range(query)).length, 50);
  }
  const { reads, aheadHits } = world.tables.cold!.stats;
  ok(reads <= 2, `${reads} reads for eight blocks`);
  ok(aheadHits >= 6, `${aheadHits} blocks were there already`);
});

test("a row that is changed or deleted when it is cold is really gone after the next pass and sweep", async () => {
  const world = new World();
  await world.append(1_000);
  const cold = world.tables.cold!;
  await cold.pass(TABLE, async () => ({ beforeMs: Infinity }), GENTLE);
  await cold.sweep([TABLE], GENTLE);
  ok(world.isStored("500 v0"));
  await world.edit(500);
  await world.remove(501);
  await world.requireSame("hidden");
  await cold.pass(TABLE, async () => ({ beforeMs: Infinity }), GENTLE);
  await cold.sweep([TABLE], GENTLE);
  await world.requireSame("rewritten");
  ok(!world.isStored("500 v0") && !world.isStored("501 v0"));
  equal(await world.besideRows(), 0);
});

test("a row that is changed or deleted in a block that is not cold is really gone after the next pass", async () => {
  const world = new World();
  await world.append(500);
  const pass = () => world.tables.cold!.pass(TABLE, async () => ({ beforeMs: 0 }), GENTLE);
  await pass();
  equal(world.tables.cold!.stats.repackedBlocks, 0);
  await world.edit(150);
  await world.remove(151);
  await world.remove(320);
  for (let number = 1; number <= 100; number++) await world.remove(number);
  await pass();
  equal(world.tables.cold!.stats.repackedBlocks, 3);
  equal(await world.besideRows(), 0);
  equal(await world.hotBlocks(), 4, "one had nothing left");
  await world.requireSame("repacked");
});

test("trimmed rows leave the tables at once and the store with the next sweep", async () => {
  const world = new World();
  await world.append(2_000);
  const cold = world.tables.cold!;
  await cold.pass(TABLE, async () => ({ beforeMs: 1_500_000 }), GENTLE);
  const place = { table: TABLE, partition: PARTITION };
  const before = await cold.firstSince(place, 1_300_000);
  ok(before > 750 && before <= 1_300, `everything below ${before} is old`);
  const seen: number[] = [];
  while (
    (await cold.trim(place, before, (rows) => (seen.push(...rows.map(({ sort }) => Number(sort[0]))), []))) >
    0
  );
  deepEqual(
    seen,
    Array.from({ length: before - 1 }, (_, index) => index + 1),
  );
  world.forget(before);
  await world.requireSame("trimmed");
  const held = cold.hold();
  equal((await cold.sweep([TABLE], GENTLE)).freedObjects, 0, "somebody copies the tables");
  held.release();
  ok((await cold.sweep([TABLE], GENTLE)).freedObjects > 0);
  await world.requireSame("swept");
  ok(!world.isStored("10 v0 10000"));
});

test("rows that nobody has to read are dropped in whole blocks, cold ones without being fetched", async () => {
  const world = new World();
  await world.append(2_000);
  const cold = world.tables.cold!;
  await cold.pass(TABLE, async () => ({ beforeMs: 1_500_000 }), GENTLE);
  const place = { table: TABLE, partition: PARTITION };
  world.objects.objects.clear();
  while ((await cold.trim(place, 1_901, undefined)) > 0);
  const left = await world.tables.range({ ...place, limit: 2_000 });
  const first = Number(left[0]!.sort[0]);
  ok(first > 1_901 - 128 && first <= 1_901, `begins at ${first}`);
  equal(left.length, 2_000 - first + 1);
});

test("a partition with damage keeps no other from being worked on", async () => {
  const world = new World();
  await world.append(600);
  const pass = () => world.tables.cold!.pass(TABLE, async () => ({ beforeMs: Infinity }), GENTLE);
  await pass();
  world.objects.objects.clear();
  await world.edit(100);
  const other: Key = ["tenant", "two"];
  const writes = Array.from({ length: 100 }, (_, index): Write => {
    const value = new TextEncoder().encode(`${index} v0 ${index}`);
    return { kind: "put", table: TABLE, sort: [index], value, isNew: true };
  });
  await world.tables.write([{ partition: other, writes }], { isDurable: true });
  world.tables = world.open();
  const { partitions, damagedPartitions, movedRows } = await pass();
  deepEqual([partitions, damagedPartitions, movedRows], [2, 1, 100]);
});

test("damage and loss of objects are told with the file's name, and harm nothing else", async () => {
  const world = new World();
  await world.append(1_200);
  await world.tables.cold!.pass(TABLE, async () => ({ beforeMs: 1_000_000 }), GENTLE);
  const [name, object] = [...world.objects.objects][0]!;
  const damaged = Uint8Array.from(object);
  damaged[20]! ^= 1;
  world.objects.objects.set(name, damaged);
  world.tables = world.open();
  await rejects(world.tables.range(ALL), (error) => isFailure(error, "tables-corrupt", name));
  world.objects.objects.set(name, object.subarray(0, object.length - 1));
  equal((await world.tables.cold!.sweep([TABLE], GENTLE)).damagedObjects, 1, "it stays, and is told");
  world.objects.objects.set(name, object.subarray(0, 100));
  await rejects(world.tables.range(ALL), (error) => isFailure(error, "tables-corrupt", name));
  world.objects.objects.delete(name);
  await rejects(world.tables.range(ALL), (error) => isFailure(error, "cold-missing", name));
  equal((await world.tables.range({ ...ALL, from: [1_150] })).length, 51);
  const closed = new BlockTables({
    tables: world.engine,
    clock: world.clock,
    scheduler: immediateScheduler,
    logger: new RecordingLogger(),
  });
  await rejects(closed.range(ALL), (error) => isFailure(error, "cold-off", "cold tier"));
});

function isFailure(error: unknown, code: string, part: string): boolean {
  return error instanceof Failure && error.code === code && error.message.includes(part);
}

type Step =
  | { readonly kind: "append"; readonly rows: number }
  | { readonly kind: "edit" | "remove"; readonly share: number }
  | { readonly kind: "pass" | "trim" | "drop"; readonly share: number }
  | { readonly kind: "sweep" | "thaw" | "reopen" };

function arbitraryStep(): fc.Arbitrary<Step> {
  const share = fc.double({ min: 0, max: 1.2, noNaN: true });
  return fc.oneof(
    fc.record({ kind: fc.constant("append" as const), rows: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ kind: fc.constantFrom("edit" as const, "remove" as const), share }),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), share }) },
    fc.record({ kind: fc.constantFrom("trim" as const, "drop" as const), share }),
    fc.record({ kind: fc.constantFrom("sweep" as const, "thaw" as const, "reopen" as const) }),
  );
}

async function take(step: Step, world: World): Promise<void> {
  const cold = world.tables.cold!;
  const place = { table: TABLE, partition: PARTITION };
  if (step.kind === "append") await world.append(step.rows);
  else if (step.kind === "edit") await world.edit(world.at(step.share));
  else if (step.kind === "remove") await world.remove(world.at(step.share));
  else if (step.kind === "pass")
    await cold.pass(TABLE, async () => ({ beforeMs: world.at(step.share) * 1000 }), GENTLE);
  else if (step.kind === "sweep") await cold.sweep([TABLE], GENTLE);
  else if (step.kind === "thaw") await cold.pass(TABLE, async () => "hot", GENTLE);
  else if (step.kind === "reopen") world.tables = world.open();
  else if (step.kind === "trim") {
    const trimmed: number[] = [];
    const alongside = (rows: readonly { sort: Key }[]) => {
      trimmed.push(...rows.map(({ sort }) => Number(sort[0])));
      return [];
    };
    const before = world.at(step.share);
    while ((await cold.trim(place, before, alongside)) > 0);
    ok(trimmed.every((number) => number < before));
    for (const number of trimmed) world.rows.delete(number);
  } else if (step.kind === "drop") {
    const before = world.at(step.share);
    while ((await cold.trim(place, before, undefined)) > 0);
    const left = await world.tables.range({ ...place, before: [before], limit: 10_000 });
    // Only the block that reaches across may be left, and what came behind it.
    ok(left.length <= COLD_ROWS_MAX, `${left.length} rows below ${before} are left`);
    for (const number of world.rows.keys())
      if (number < Number(left[0]?.sort[0] ?? before)) world.rows.delete(number);
  }
}

/** Runs everything once, with the power failing at one step; then looks whether all is there, and goes on to the end. */
async function crashed(at: number): Promise<number> {
  const world = new World();
  await world.append(700);
  await world.edit(400);
  let steps = 0;
  const tick = (): boolean => ++steps === at;
  const { tables: crashing } = crashingTables(world.engine, world.store, {
    atWrite: 1,
    takes: () => steps % 2 === 0,
  });
  const failing: Tables = {
    ...crashingTables(world.engine, world.store, { atWrite: Infinity, takes: () => true }).tables,
    write: (...args) => (tick() ? crashing.write(...args) : world.engine.write(...args)),
  };
  const objects = new MemoryObjects();
  objects.put = async (name, bytes) => {
    if (tick()) {
      world.store.crash();
      throw new Failure("cold-failed", "The power failed.");
    }
    await MemoryObjects.prototype.put.call(objects, name, bytes);
  };
  objects.delete = async (name) => {
    if (tick()) {
      world.store.crash();
      throw new Failure("cold-failed", "The power failed.");
    }
    await MemoryObjects.prototype.delete.call(objects, name);
  };
  world.objects = objects;
  const work = async (tables: BlockTables): Promise<void> => {
    const cold = tables.cold!;
    await cold.pass(TABLE, async () => ({ beforeMs: 500_000 }), GENTLE);
    await world.editWith(tables, 100);
    await cold.pass(TABLE, async () => ({ beforeMs: 700_001 }), GENTLE);
    await cold.sweep([TABLE], GENTLE);
    await cold.thaw({ table: TABLE, partition: PARTITION }, GENTLE);
    await cold.sweep([TABLE], GENTLE);
  };
  try {
    await work(world.open(failing));
    equal(at, Infinity);
  } catch (error) {
    ok(error instanceof Failure, String(error));
  }
  const taken = steps;
  world.engine = new MemoryTables(world.store, world.clock);
  world.tables = world.open();
  if (at !== Infinity) await world.requireOneOf(`a failure at step ${at}`, 100);
  await work(world.tables);
  await world.requireSame(`after a failure at step ${at} and the rest`);
  equal(objects.objects.size, 0, "everything came back, so nothing is left in the store");
  return taken;
}

class World {
  readonly clock = new ManualClock();
  readonly store = new MemoryTableStore();
  engine: Tables;
  readonly logger = new RecordingLogger();
  readonly rows = new Map<number, string>();
  objects = new MemoryObjects();
  tables: BlockTables;
  last = 0;
  readonly #objectBytes: number;
  readonly #random = seededRandom(7);

  constructor(around: (engine: Tables) => Tables = (engine) => engine, objectBytes = OBJECT_BYTES) {
    this.engine = around(new MemoryTables(this.store, this.clock));
    this.#objectBytes = objectBytes;
    this.tables = this.open();
  }

  open(tables: Tables = this.engine): BlockTables {
    const { clock, objects } = this;
    const store = { objects, seals: noSeals, random: this.#random };
    // Left as it is, so that one can look for words in an object.
    const cold = { ...store, compress: async (body: Uint8Array) => body, objectBytes: this.#objectBytes };
    return new BlockTables({ tables, clock, scheduler: immediateScheduler, logger: this.logger, cold });
  }

  at(share: number): number {
    return Math.max(1, Math.round(share * this.last));
  }

  async append(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      const run = Math.min(left, 100);
      const writes: Write[] = [];
      for (let index = 0; index < run; index++) {
        const number = ++this.last;
        writes.push({ ...this.#put(number, 0), isNew: true });
      }
      await this.tables.write([{ partition: PARTITION, writes }], { isDurable: true });
      left -= run;
    }
    await this.tables.packed();
  }

  edit(number: number): Promise<void> {
    return this.editWith(this.tables, number);
  }

  async editWith(tables: BlockTables, number: number): Promise<void> {
    if (!this.rows.has(number)) return;
    const version = Number(this.rows.get(number)!.split(" ")[1]!.slice(1)) + 1;
    await tables.write([{ partition: PARTITION, writes: [this.#put(number, version)] }], { isDurable: true });
  }

  async remove(number: number): Promise<void> {
    if (!this.rows.delete(number)) return;
    const writes: Write[] = [{ kind: "delete", table: TABLE, sort: [number] }];
    await this.tables.write([{ partition: PARTITION, writes }], { isDurable: true });
  }

  forget(before: number): void {
    for (const number of this.rows.keys()) if (number < before) this.rows.delete(number);
  }

  async requireSame(when: string): Promise<void> {
    const expected = [...this.rows].toSorted(([one], [other]) => one - other).map(([, value]) => value);
    const up = await this.tables.range(ALL);
    deepEqual(
      up.map(({ value }) => text(value)),
      expected,
      when,
    );
    const down = await this.tables.range({ ...ALL, isDescending: true });
    deepEqual(down.toReversed(), up, when);
    const kinds = (await this.engine.range({ ...ALL, table: blockTableOf(TABLE) })).map(
      ({ value }) => value[0],
    );
    deepEqual(
      kinds,
      kinds.toSorted((one, other) => other! - one!),
      `${when}: cold blocks come first`,
    );
    const number = this.at(0.5);
    const found = await this.tables.find(TABLE, PARTITION, [number]);
    equal(found === undefined ? undefined : text(found), this.rows.get(number), when);
  }

  /** As `requireSame`, when it is not known whether one row was edited. */
  async requireOneOf(when: string, number: number): Promise<void> {
    const found = await this.tables.find(TABLE, PARTITION, [number]);
    this.rows.set(number, text(found!));
    await this.requireSame(when);
  }

  async hotBlocks(): Promise<number> {
    const rows = await this.engine.range({ ...ALL, table: blockTableOf(TABLE) });
    return rows.filter(({ value }) => value[0] === 1).length;
  }

  async besideRows(): Promise<number> {
    return (await this.engine.range(ALL)).length;
  }

  isStored(words: string): boolean {
    return [...this.objects.objects.values()].some((object) => Buffer.from(object).includes(words));
  }

  #put(number: number, version: number): Write & { kind: "put" } {
    const value = `${number} v${version} ${number * 1000}`;
    this.rows.set(number, value);
    return { kind: "put", table: TABLE, sort: [number], value: new TextEncoder().encode(value) };
  }
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}

test("an object says what it holds", async () => {
  const world = new World();
  await world.append(600);
  await world.tables.cold!.pass(TABLE, async () => ({ beforeMs: Infinity }), GENTLE);
  const extents = [];
  for (const [name, object] of world.objects.objects) {
    const read = async (offset: number, length: number) => object.slice(offset, offset + length);
    extents.push(...(await readDirectory(name, object.length, read)));
  }
  ok(extents.length >= 2);
  ok(extents.every(({ table, partition }) => table === TABLE.name && partition.join() === PARTITION.join()));
  equal(Math.max(...extents.map(({ last }) => last)), 600);
});
