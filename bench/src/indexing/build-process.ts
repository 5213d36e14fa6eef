/**
 * The process that the index measurement starts, and kills: it holds the tables, writes, builds, and tells its parent.
 *
 *   "measure"      fill ─► capacity ─► writers at half of it ─► build, verify ─► writers stop ─► verify again
 *   "interrupted"  fill ─► writers, whose writes are noted ─► build, until it is killed
 *   "resume"       open what was left ─► writers again ─► the build goes on ─► verify; all that was acknowledged is there
 */
import { systemAmbient } from "@parley/base/node";
import type { IndexedTables, TableSpec } from "@parley/tables";
import { seededUnit } from "../seeded-unit.js";
import { fill, INDEX, INDEXED_MESSAGE, KEPT_MESSAGE, PLAIN_MESSAGE } from "./rows.js";
import { openIndexes, openStored } from "./stack.js";
import { compareWithLog, WriteLog } from "./write-log.js";
import { type Latencies, Writers } from "./writers.js";

export interface BuildProcessPlan {
  readonly mode: "measure" | "interrupted" | "resume";
  readonly directory: string;
  readonly rows: number;
  readonly conversations: number;
  readonly seed: number;
  /** Of the time, what the build may take; otherwise what it takes by default. */
  readonly timeShare?: number;
  /** To measure: how long the writers are measured before and after the build. */
  readonly seconds: number;
  /** Otherwise: writes a second. */
  readonly rate: number;
}

export type BuildMessage =
  | { readonly kind: "step"; readonly step: string }
  | { readonly kind: "progress"; readonly done: number }
  | { readonly kind: "figures"; readonly figures: Readonly<Record<string, number>> };

const CAPACITY_WRITERS = 64;
/** Long enough for LevelDB to have to compact what is written. */
const CAPACITY_SECONDS = 12;
/** How often the build says how far it is. */
const STEP_MS = 15_000;
const KEPT_ROWS_PER_CONVERSATION = 5;
/** Sequences of what writers add, so that it is new in each process. */
const FIRST_SEQUENCES = { measure: 1e9, interrupted: 1e9, resume: 2e9 };
const { scheduler } = systemAmbient();

async function main(plan: BuildProcessPlan): Promise<void> {
  if (plan.mode === "measure") await measure(plan);
  else if (plan.mode === "interrupted") await interrupted(plan);
  else await resume(plan);
}

async function measure(plan: BuildProcessPlan): Promise<void> {
  const { conversations, seconds } = plan;
  const stored = await openStored(plan.directory);
  await fill(stored, PLAIN_MESSAGE, { conversations, rowsPerConversation: perConversation(plan) });
  const tables = await openIndexes(stored, [INDEXED_MESSAGE, KEPT_MESSAGE]);
  await fill(tables, KEPT_MESSAGE, { conversations, rowsPerConversation: KEPT_ROWS_PER_CONVERSATION });
  tell({ kind: "step", step: "filled" });
  const writers = writersOf(plan, tables, INDEXED_MESSAGE);
  const capacity = await writers.capacity(CAPACITY_WRITERS, CAPACITY_SECONDS);
  // A rate that the table cannot bear when the index is there would say nothing about building it.
  const keptWriters = writersOf(plan, tables, KEPT_MESSAGE);
  const keptCapacity = await keptWriters.capacity(CAPACITY_WRITERS, CAPACITY_SECONDS);
  const rate = Math.min(capacity, keptCapacity) / 2;
  writers.start(rate);
  // What was written until now is still being compacted at first.
  await measured(writers, seconds);
  tell({ kind: "step", step: `${Math.round(rate)} writes a second, without a build` });
  const before = await measured(writers, seconds);
  const build = await timedBuild(plan, tables, writers);
  tell({ kind: "step", step: "after the build" });
  const after = await measured(writers, seconds);
  await writers.stop();
  tell({ kind: "step", step: "verified again, now that nobody writes" });
  const figures = {
    capacity_writes_per_s: capacity,
    capacity_with_index_writes_per_s: keptCapacity,
    writes_per_s: rate,
    ...quantiles("before", before),
    ...build,
    ...quantiles("after", after),
    ...(await verified(tables)),
  };
  await tables.close();
  tell({ kind: "figures", figures });
}

async function interrupted(plan: BuildProcessPlan): Promise<void> {
  const stored = await openStored(plan.directory);
  const rowsPerConversation = perConversation(plan);
  await fill(stored, PLAIN_MESSAGE, { conversations: plan.conversations, rowsPerConversation });
  const tables = await openIndexes(stored, [INDEXED_MESSAGE]);
  const writers = writersOf(plan, tables, INDEXED_MESSAGE, new WriteLog(plan.directory));
  writers.start(plan.rate);
  await tables.buildIndex(INDEX, {
    ...share(plan),
    onProgress: ({ step, done }) => {
      if (step === "building") tell({ kind: "progress", done });
    },
  });
  throw new Error("The build ended before it was killed.");
}

async function resume(plan: BuildProcessPlan): Promise<void> {
  const tables = await openIndexes(await openStored(plan.directory), [INDEXED_MESSAGE]);
  const rowsDone = tables.indexStatus()[0]?.rowsDone ?? 0;
  const log = new WriteLog(plan.directory);
  const writers = writersOf(plan, tables, INDEXED_MESSAGE, log);
  writers.start(plan.rate);
  const beganMs = performance.now();
  await tables.completeIndexes(share(plan));
  const resumedMs = performance.now() - beganMs;
  await writers.stop();
  log.close();
  const figures = {
    resumed_from_rows: rowsDone,
    resumed_build_s: resumedMs / 1000,
    ...(await verified(tables)),
    ...(await compareWithLog(plan.directory, tables, INDEXED_MESSAGE)),
  };
  await tables.close();
  tell({ kind: "figures", figures });
}

/** Builds, and measures the writers while rows are read and while the result is verified. */
async function timedBuild(
  plan: BuildProcessPlan,
  tables: IndexedTables,
  writers: Writers,
): Promise<Record<string, number>> {
  const beganMs = performance.now();
  let backfill: Latencies | undefined;
  let backfillMs = 0;
  let rows = 0;
  let toldMs = beganMs;
  await tables.buildIndex(INDEX, {
    ...share(plan),
    onProgress: ({ step, done }) => {
      if (performance.now() - toldMs > STEP_MS) {
        toldMs = performance.now();
        tell({ kind: "step", step: `${step}: ${done}` });
      }
      if (step === "building") rows = done;
      if (step !== "verifying" || backfill !== undefined) return;
      backfill = writers.takeLatencies();
      backfillMs = performance.now() - beganMs;
      tell({ kind: "step", step: `${rows} rows built in ${Math.round(backfillMs / 1000)} s, verifying` });
    },
  });
  const verify = writers.takeLatencies();
  return {
    rows_built: rows,
    backfill_s: backfillMs / 1000,
    backfill_rows_per_s: (rows / backfillMs) * 1000,
    build_s: (performance.now() - beganMs) / 1000,
    ...(backfill === undefined ? {} : quantiles("backfill", backfill)),
    ...quantiles("verify", verify),
  };
}

/** The latencies of the next seconds. */
async function measured(writers: Writers, seconds: number): Promise<Latencies> {
  writers.takeLatencies();
  await new Promise<void>((resolve) => void scheduler.after(seconds * 1000, resolve));
  return writers.takeLatencies();
}

/** Without rests: nobody writes any more. */
async function verified(tables: IndexedTables): Promise<Record<string, number>> {
  const { rows, entries, missing, extra, different } = await tables.verifyIndex(INDEX, { timeShare: 1 });
  return { rows, entries, missing, extra, different };
}

function writersOf(plan: BuildProcessPlan, tables: IndexedTables, table: TableSpec, log?: WriteLog): Writers {
  const rowsPerConversation = table === KEPT_MESSAGE ? KEPT_ROWS_PER_CONVERSATION : perConversation(plan);
  return new Writers({
    tables,
    table,
    conversations: plan.conversations,
    rowsPerConversation,
    unit: seededUnit(plan.seed),
    firstSequence: FIRST_SEQUENCES[plan.mode],
    ...(log === undefined ? {} : { log }),
  });
}

function perConversation({ rows, conversations }: BuildProcessPlan): number {
  return Math.ceil(rows / conversations);
}

function share({ timeShare }: BuildProcessPlan): { readonly timeShare?: number } {
  return timeShare === undefined ? {} : { timeShare };
}

function quantiles(name: string, { all, medianP99Ms }: Latencies): Record<string, number> {
  return {
    [`${name}_p50_ms`]: all.quantileMs(0.5),
    [`${name}_p99_ms`]: all.quantileMs(0.99),
    [`${name}_p99_of_median_second_ms`]: medianP99Ms,
    [`${name}_max_ms`]: all.maxMs,
    [`${name}_writes`]: all.count,
  };
}

function tell(message: BuildMessage): void {
  process.send?.(message);
}

// Whoever started it is gone: nobody would end it.
process.once("disconnect", () => process.exit(1));
const [planText] = process.argv.slice(2);
if (planText === undefined) throw new Error("The plan is missing.");
await main(JSON.parse(planText) as BuildProcessPlan);
// The channel to the parent would keep the process alive.
process.removeAllListeners("disconnect");
if (process.connected) process.disconnect();
