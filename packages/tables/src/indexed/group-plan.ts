/**
 * Works out what a group of batches writes: looks once at every row that has to be known, then goes through the batches
 * in their order over what was found, so that each sees what those before it in the group have done.
 */
import { type Clock, type Failure, type Scheduler, turn } from "@parley/base";
import { isExpired } from "../stored-value.js";
import type { Batch, Key, RowKey, Tables, TableSpec, Write } from "../tables.js";
import { unmetCondition } from "./conditions.js";
import type { RowChangeRecord } from "./global/change-queue.js";
import type { GlobalIndexes } from "./global/global-indexes.js";
import type { LocalIndex } from "./local-index.js";
import type { PreparedGroup } from "./sequencer.js";
import { rowName, type TouchedRows } from "./touched-rows.js";

/** Rows looked at in one call. */
const FIND_ROWS_MAX = 1_000;
/** Rows of indexed tables worked through in one turn of the event loop: 1 to 2 ms. */
const ROWS_PER_TURN = 500;

export interface PlanSources {
  readonly tables: Pick<Tables, "findMany">;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** The indexes of a table that a write has to maintain; undefined when there are none. */
  readonly indexesOf: (tableName: string) => readonly LocalIndex[] | undefined;
  readonly touched: TouchedRows;
  /** Undefined when none is declared. */
  readonly globals: GlobalIndexes | undefined;
}

interface Wanted {
  readonly table: TableSpec;
  readonly keys: Map<string, RowKey>;
}

/** Prepares one group. The caller lets nothing be written between this and the writing of what it says. */
export async function planGroup(batches: readonly Batch[], sources: PlanSources): Promise<PreparedGroup> {
  const plan = new GroupPlan(sources);
  for (const batch of batches) plan.want(batch);
  await plan.look();
  for (const [index, batch] of batches.entries()) {
    if (plan.add(batch, index)) await turn(sources.scheduler);
  }
  await plan.finish();
  return plan;
}

class GroupPlan implements PreparedGroup {
  readonly batches: Batch[] = [];
  readonly failures = new Map<number, Failure>();
  first: readonly Batch[] = [];
  readonly #changes: RowChangeRecord[] = [];
  readonly #sources: PlanSources;
  readonly #wanted = new Map<string, Wanted>();
  /** The values of rows as the batches so far leave them. A row of an indexed table that is not here was said to be new. */
  readonly #values = new Map<string, Uint8Array | undefined>();
  readonly #conditionTables = new Set<string>();
  #rowsInTurn = 0;

  constructor(sources: PlanSources) {
    this.#sources = sources;
  }

  /** Notes which rows a batch needs to know. */
  want({ partition, writes, conditions }: Batch): void {
    for (const { table, sort } of conditions ?? []) {
      this.#conditionTables.add(table.name);
      this.#want(table, partition, sort);
    }
    for (const write of writes) {
      const isKnown = write.kind === "put" && write.isNew === true;
      if (!isKnown && this.#isIndexed(write.table.name)) {
        this.#want(write.table, partition, write.sort);
      }
    }
  }

  async look(): Promise<void> {
    for (const { table, keys } of this.#wanted.values()) {
      const names = [...keys.keys()];
      const places = [...keys.values()];
      for (let start = 0; start < places.length; start += FIND_ROWS_MAX) {
        const found = await this.#sources.tables.findMany(table, places.slice(start, start + FIND_ROWS_MAX));
        for (const [index, value] of found.entries()) this.#values.set(names[start + index]!, value);
      }
    }
  }

  /** Adds what a batch writes, or why it does not. Returns whether it is time to let others run. */
  add(batch: Batch, index: number): boolean {
    const { partition, writes } = batch;
    const failure = unmetCondition(batch, ({ table, sort }) =>
      this.#values.get(rowName(table, { partition, sort })),
    );
    if (failure !== undefined) {
      this.failures.set(index, failure);
      return false;
    }
    const indexWrites: Write[] = [];
    for (const write of writes) this.#apply(partition, write, indexWrites);
    this.batches.push({ partition, writes: indexWrites.length === 0 ? writes : [...writes, ...indexWrites] });
    const isTurnOver = this.#rowsInTurn >= ROWS_PER_TURN;
    if (isTurnOver) this.#rowsInTurn = 0;
    return isTurnOver;
  }

  /** Queues what the global indexes have to follow. */
  async finish(): Promise<void> {
    if (this.#changes.length > 0) this.first = (await this.#sources.globals?.queued(this.#changes)) ?? [];
  }

  onWritten(): void {
    if (this.#changes.length > 0) this.#sources.globals?.settled();
  }

  #isIndexed(tableName: string): boolean {
    const { indexesOf, globals } = this.#sources;
    return indexesOf(tableName) !== undefined || globals?.maintained(tableName) !== undefined;
  }

  #want(table: TableSpec, partition: Key, sort: Key): void {
    let wanted = this.#wanted.get(table.name);
    if (wanted === undefined) {
      wanted = { table, keys: new Map() };
      this.#wanted.set(table.name, wanted);
    }
    wanted.keys.set(rowName(table, { partition, sort }), { partition, sort });
  }

  #apply(partition: Key, write: Write, indexWrites: Write[]): void {
    const { table, sort } = write;
    const isIndexed = this.#isIndexed(table.name);
    if (!isIndexed && !this.#conditionTables.has(table.name)) return;
    const after = write.kind === "put" ? write.value : undefined;
    const expiresAtMs = write.kind === "put" ? write.expiresAtMs : undefined;
    // When nobody asks for what was there before, and no build for what is written, rows need no names.
    const hasLooked = this.#wanted.size > 0;
    const { touched, clock } = this.#sources;
    const isNamed = hasLooked || touched.isWatched(table.name);
    const name = isNamed ? rowName(table, { partition, sort }) : "";
    if (isIndexed) {
      const before = hasLooked ? this.#values.get(name) : undefined;
      const change = this.#sources.globals?.changeOf(table, { partition, sort }, { before, after });
      if (change !== undefined) this.#changes.push(change);
      for (const index of this.#sources.indexesOf(table.name) ?? [])
        index.writesFor({ sort, before, after, expiresAtMs }, indexWrites);
      if (isNamed) touched.note(table.name, name);
      this.#rowsInTurn += 1;
    }
    if (!hasLooked) return;
    const isGone = isExpired(expiresAtMs, clock.nowMs());
    this.#values.set(name, isGone ? undefined : after);
  }
}
