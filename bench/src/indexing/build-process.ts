/**
 * The process that the index measurement kills: it holds the tables, writes, builds, and tells its parent.
 *
 *   "whole"    fill ─► capacity ─► writers at half of it ─► build, verify ─► drop ─► build again, until it is killed
 *   "resume"   open what was left ─► writers again ─► the build goes on ─► verify
 */
import { seededUnit } from "../seeded-unit.js";
import { systemAmbient } from "@parley/base/node";
import { openLevelTables } from "@parley/engine-embedded";
import { type IndexedTables, openIndexedTables } from "@parley/tables";
import type { Histogram } from "../histogram.js";
import {
  CONVERSATIONS,
  INDEX,
  INDEXED_MESSAGE,
  messagePut,
  PLAIN_MESSAGE,
  partitionOfConversation,
} from "./rows.js";
import { Writers } from "./writers.js";

export interface BuildProcessPlan {
  readonly mode: "whole" | "resume";
  readonly directory: string;
  readonly rows: number;
  /** How long the writers are measured before the build. */
  readonly seconds: number;
  readonly seed: number;
  /** Of the time, what the build may take. */
  readonly timeShare: number;
  /** Writes a second; measured when it is not given. */
  readonly rate?: number;
}

export type BuildMessage =
  | { readonly kind: "progress"; readonly done: number }
  | { readonly kind: "figures"; readonly figures: Readonly<Record<string, number>> };

const CAPACITY_WRITERS = 64;
const CAPACITY_SECONDS = 5;
const FILL_CONVERSATIONS = 100;

async function main(plan: BuildProcessPlan): Promise<void> {
  const { clock, scheduler } = systemAmbient();
  const engine = await openLevelTables({ directory: plan.directory, clock });
  if (plan.mode === "whole") await fill(engine, plan.rows);
  const tables = await openIndexedTables({ tables: engine, declared: [INDEXED_MESSAGE], clock, scheduler });
  const writers = new Writers({
    tables,
    rowsPerConversation: Math.floor(plan.rows / CONVERSATIONS),
    unit: seededUnit(plan.seed),
    firstSequence: plan.mode === "whole" ? 1_000_000_000 : 2_000_000_000,
  });
  if (plan.mode === "whole") await whole(plan, tables, writers);
  else await resume(plan, tables, writers);
  await writers.stop();
  await tables.close();
}

async function whole(plan: BuildProcessPlan, tables: IndexedTables, writers: Writers): Promise<void> {
  const capacity = await writers.capacity(CAPACITY_WRITERS, CAPACITY_SECONDS);
  const rate = capacity / 2;
  writers.start(rate);
  // What was filled is still being compacted at first.
  await settled(writers, plan.seconds);
  const before = await settled(writers, plan.seconds);
  const build = await timedBuild(plan, tables, writers);
  const after = await settled(writers, plan.seconds);
  const figures = {
    capacity_writes_per_s: capacity,
    writes_per_s: rate,
    ...quantiles("before", before),
    ...build,
    ...quantiles("after", after),
    ...(await verified(tables)),
  };
  await tables.dropIndex(INDEX, { timeShare: 1 });
  tell({ kind: "figures", figures });
  await tables.buildIndex(INDEX, {
    timeShare: plan.timeShare,
    onProgress: ({ step, done }) => {
      if (step === "building") tell({ kind: "progress", done });
    },
  });
}

async function resume(plan: BuildProcessPlan, tables: IndexedTables, writers: Writers): Promise<void> {
  const rowsDone = tables.indexStatus()[0]?.rowsDone ?? 0;
  writers.start(plan.rate ?? 1);
  const beganMs = performance.now();
  await tables.completeIndexes({ timeShare: plan.timeShare });
  const figures = {
    resumed_from_rows: rowsDone,
    resumed_build_s: (performance.now() - beganMs) / 1000,
    ...(await verified(tables)),
  };
  tell({ kind: "figures", figures });
}

/** Builds, and measures the writers while rows are read and while the result is verified. */
async function timedBuild(
  { timeShare }: BuildProcessPlan,
  tables: IndexedTables,
  writers: Writers,
): Promise<Record<string, number>> {
  const beganMs = performance.now();
  let building: Histogram | undefined;
  let backfillMs = 0;
  await tables.buildIndex(INDEX, {
    timeShare,
    onProgress: ({ step }) => {
      if (step !== "verifying" || building !== undefined) return;
      building = writers.takeLatencies();
      backfillMs = performance.now() - beganMs;
    },
  });
  const verifying = writers.takeLatencies();
  return {
    backfill_s: backfillMs / 1000,
    build_s: (performance.now() - beganMs) / 1000,
    ...(building === undefined ? {} : quantiles("backfill", building)),
    ...quantiles("verify", verifying),
  };
}

/** The latencies of the next seconds. */
async function settled(writers: Writers, seconds: number): Promise<Histogram> {
  writers.takeLatencies();
  await pause(seconds);
  return writers.takeLatencies();
}

/** Without pauses: nobody measures the writers any more. */
async function verified(tables: IndexedTables): Promise<Record<string, number>> {
  const { rows, entries, missing, extra, different } = await tables.verifyIndex(INDEX, { timeShare: 1 });
  return { rows, entries, missing, extra, different };
}

async function fill(tables: Awaited<ReturnType<typeof openLevelTables>>, rows: number): Promise<void> {
  const perConversation = Math.floor(rows / CONVERSATIONS);
  for (let first = 0; first < CONVERSATIONS; first += FILL_CONVERSATIONS) {
    const batches = Array.from({ length: FILL_CONVERSATIONS }, (_, index) => ({
      partition: partitionOfConversation(first + index),
      writes: Array.from({ length: perConversation }, (__, sequence) =>
        messagePut(PLAIN_MESSAGE, sequence + 1, (first + index) * 7 + sequence, true),
      ),
    }));
    await tables.write(batches, { isDurable: false });
  }
}

function quantiles(name: string, histogram: Histogram): Record<string, number> {
  return {
    [`${name}_p50_ms`]: histogram.quantileMs(0.5),
    [`${name}_p99_ms`]: histogram.quantileMs(0.99),
    [`${name}_p999_ms`]: histogram.quantileMs(0.999),
    [`${name}_writes`]: histogram.count,
  };
}

function tell(message: BuildMessage): void {
  process.send?.(message);
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });
}

const [planText] = process.argv.slice(2);
if (planText === undefined) throw new Error("The plan is missing.");
await main(JSON.parse(planText) as BuildProcessPlan);
// The channel to the parent would keep the process alive.
if (process.connected) process.disconnect();
