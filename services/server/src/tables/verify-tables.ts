/**
 * Verifies everything that the tables hold: each stored row, each index against its rows and back, and counters against what
 * they have counted. Others may write meanwhile: rows are those of one moment, indexes and counters look again before they
 * say that something is wrong.
 */
import { type Ambient, failureCode, messageOf, sleep } from "@parley/base";
import type { StoredRow, StoredRows } from "@parley/engine-embedded";
import { HeadRow, UserHeadRow } from "@parley/domain";
import type { Keyring } from "@parley/keys";
import { CONVERSATION_HEAD, CONVERSATION_MESSAGE } from "@parley/message";
import { decode } from "@parley/protocol";
import { SYNC_QUEUE, USER_HEAD } from "@parley/sync";
import type { IndexedTables, Key, RowKey, TableSpec } from "@parley/tables";
import { type ColdStore, RowVerifier } from "./row-verifier.js";
import type { ReportBuilder } from "./verify-report.js";

const COUNTERS_PER_PAGE = 200;
const INDEX_CHUNK_ROWS = 1_000;
/** While others work, it pauses for so many times as long as it works. */
const PAUSE_FACTOR = 3;
/** Worked without letting others run. */
const TURN_MS = 2;
/** Of the time, what comparing an index takes while others work. */
const GENTLE_TIME_SHARE = 0.25;

/** Numbers that are given one after the other, and the row that keeps the last one. Both lie in one partition. */
const COUNTERS: readonly {
  readonly head: TableSpec;
  readonly numbered: TableSpec;
  readonly lastOf: (head: Uint8Array) => number;
}[] = [
  {
    head: CONVERSATION_HEAD,
    numbered: CONVERSATION_MESSAGE,
    lastOf: (head) => decode(HeadRow, head).lastSequence,
  },
  { head: USER_HEAD, numbered: SYNC_QUEUE, lastOf: (head) => decode(UserHeadRow, head).pts },
];

/** How verifying is done, and who is told. */
export interface VerifyWork {
  readonly ambient: Ambient;
  readonly report: ReportBuilder;
  /** Whether others work meanwhile. */
  readonly isGentle: boolean;
  readonly onProgress: (step: string, done: number) => void;
  /** Asked between steps; what is found until then stands. */
  readonly isCancelled: () => boolean;
}

/** Looks at every stored row, and closes `rows`. Errors: "tables-closed". Cost: memory for a page. */
export async function verifyRows(
  rows: StoredRows,
  of: {
    readonly keyring: Keyring | undefined;
    readonly cold: ColdStore;
    readonly indexes: ReturnType<IndexedTables["indexStatus"]>;
  },
  work: VerifyWork,
): Promise<void> {
  const { report, ambient } = work;
  const verifier = new RowVerifier({ ...of, report, clock: ambient.clock });
  verifier.knowIndexes(of.indexes);
  try {
    for (;;) {
      const page = await rows.next();
      if (page.length === 0 || work.isCancelled()) return;
      await lookAt(page, verifier, work);
      work.onProgress("rows", report.rows);
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    report.add({ kind: "unchecked", message: `rows after these cannot be read: ${messageOf(error)}` });
  } finally {
    await rows.close();
  }
}

/** Compares every index that is readable with its rows. Errors: "tables-closed". */
export async function verifyIndexes(tables: IndexedTables, work: VerifyWork): Promise<void> {
  const { report, isGentle } = work;
  for (const { table, index, phase, generation } of tables.indexStatus()) {
    if (work.isCancelled()) return;
    if (phase !== "readable") {
      report.indexes.push({ table, index, phase, entries: 0 });
      continue;
    }
    const entriesTable = `${table}-by-${index}-${generation}`;
    try {
      const found = await tables.verifyIndex(
        { table, index },
        {
          chunkRows: INDEX_CHUNK_ROWS,
          timeShare: isGentle ? GENTLE_TIME_SHARE : 1,
          onProgress: ({ done }) => work.onProgress(`index ${index}`, done),
        },
      );
      report.indexes.push({ table, index, phase, entries: found.entries });
      const { missing, extra, different, examples } = found;
      for (const { what, partition, place } of examples) {
        const message = `the entry is ${what} (index ${index} of ${table})`;
        report.add({ kind: "index", message, table: entriesTable, partition, sort: place });
      }
      const unnamed = missing + extra + different - examples.length;
      if (unnamed > 0) report.wrong.index = (report.wrong.index ?? 0) + unnamed;
    } catch (error) {
      if (!isDamage(error)) throw error;
      report.indexes.push({ table, index, phase, entries: 0 });
      const message = `the index ${index} was not compared to its end: ${messageOf(error)}`;
      report.add({ kind: "unchecked", table: entriesTable, message });
    }
  }
}

/** Compares counters with the highest number that was given. Errors: "tables-closed". */
export async function verifyCounters(tables: IndexedTables, work: VerifyWork): Promise<void> {
  for (const { head: table, numbered, lastOf } of COUNTERS) {
    let after: RowKey | undefined;
    for (let isDone = false; !isDone && !work.isCancelled();) {
      try {
        const scan = { table, limit: COUNTERS_PER_PAGE, ...(after === undefined ? {} : { after }) };
        const heads = await tables.scanTable(scan);
        await paced(work, async () => {
          for (const { partition, sort } of heads)
            await checkCounter(tables, { table, numbered, lastOf, partition, sort }, work.report);
        });
        isDone = heads.length < COUNTERS_PER_PAGE;
        after = heads.at(-1) ?? after;
      } catch (error) {
        if (!isDamage(error)) throw error;
        const message = `the counters in ${table.name} were not all compared: ${messageOf(error)}`;
        work.report.add({ kind: "unchecked", table: table.name, message });
        isDone = true;
      }
      work.onProgress("counters", work.report.counters);
    }
  }
}

async function checkCounter(
  tables: IndexedTables,
  {
    table,
    numbered,
    lastOf,
    partition,
    sort,
  }: {
    readonly table: TableSpec;
    readonly numbered: TableSpec;
    readonly lastOf: (head: Uint8Array) => number;
    readonly partition: Key;
    readonly sort: Key;
  },
  report: ReportBuilder,
): Promise<void> {
  const [last] = await tables.range({ table: numbered, partition, limit: 1, isDescending: true });
  // Read after the row: a counter that is written meanwhile only grows.
  const head = await tables.find(table, partition, sort);
  report.counters += 1;
  if (last === undefined || head === undefined) return;
  const [given, counted] = [Number(last.sort[0]), lastOf(head)];
  if (given <= counted) return;
  const message = `${numbered.name} has number ${given}, and the counter says that ${counted} was the last one`;
  report.add({ kind: "counter", table: table.name, partition, sort, message });
}

/** A page of blocks holds thousands of rows: others get their turn in between. */
async function lookAt(page: readonly StoredRow[], verifier: RowVerifier, work: VerifyWork): Promise<void> {
  const { clock } = work.ambient;
  let next = 0;
  while (next < page.length) {
    await paced(work, () => {
      const beganMs = clock.monotonicMs();
      while (next < page.length && clock.monotonicMs() - beganMs < TURN_MS) verifier.take(page[next++]!);
    });
    while (verifier.hasCold) await paced(work, () => verifier.lookAtCold());
  }
}

/** Does a piece of work, and leaves the machine to others for a while when they are at work too. */
async function paced({ ambient, isGentle }: VerifyWork, task: () => Promise<void> | void): Promise<void> {
  const beganMs = ambient.clock.monotonicMs();
  await task();
  if (!isGentle) return;
  await sleep(ambient.scheduler, (ambient.clock.monotonicMs() - beganMs) * PAUSE_FACTOR);
}

/** What is damaged is told; everything else ends the work. */
function isDamage(error: unknown): boolean {
  const code = failureCode(error);
  // A value that its schema cannot read is named by the walk over the rows.
  return (
    code === "tables-corrupt" || code === "cold-missing" || code === "key-missing" || code === "malformed"
  );
}
