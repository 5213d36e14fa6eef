/** One way to store the same messages, filled and then read, with what it cost. */
import { seededUnit } from "../seeded-unit.js";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyFilesOn, openLevelTables, systemFiles } from "@parley/engine-embedded";
import { KeyStore, Keyring, secretKey } from "@parley/keys";
import { systemAmbient } from "@parley/base/node";
import { BlockTables, SealedTables, type Tables, type TableSpec, WriteBackTables } from "@parley/tables";
import { Histogram } from "../histogram.js";
import { diskBytes, processWrittenBytes } from "../process-figures.js";
import { partitionKey, Workload } from "./workload.js";
import { hundredths, microseconds } from "../rounding.js";

const MASTER = secretKey(new Uint8Array(32).fill(7));
const PAGE_ROWS = 50;
const ROWS_PER_ROOM = 500;
const HOLD_MS = 3_600_000;
/** LevelDB goes on compacting after the last write; it is done when the directory stands still this long. */
const STILL_MS = 1_500;
const STILL_CHECKS_MAX = 80;
const HOT_CONVERSATIONS = 100;

export interface LayoutPlan {
  readonly name: string;
  readonly isPacked: boolean;
  readonly isSealed: boolean;
  readonly rows: number;
  readonly conversations: number;
  readonly rowBytes: number;
  readonly scans: number;
  readonly seed: number;
}

export interface LayoutFigures {
  readonly rows_per_s: number;
  readonly cpu_us_per_row: number;
  readonly bytes_on_disk_per_row: number;
  readonly write_amplification: number;
  readonly packed_share: number;
  readonly packed_share_at_first_flush: number;
  readonly rows_per_block: number;
  readonly repacked_share: number;
  readonly hot_p50_us: number;
  readonly hot_p99_us: number;
  readonly cold_p50_us: number;
  readonly cold_p99_us: number;
  readonly wrong_scans: number;
}

/** `andThen` is given what was stored, before it is removed. */
export async function measureLayout(
  plan: LayoutPlan,
  andThen: (place: Place) => Promise<void> = () => Promise.resolve(),
): Promise<LayoutFigures> {
  const directory = mkdtempSync(join(tmpdir(), "parley-tables-"));
  try {
    const table: TableSpec = { name: "conversation-message", ...(plan.isPacked ? { isPacked: true } : {}) };
    const workload = new Workload(plan);
    const filled = await fill(plan, { directory, table, workload });
    const read = await scan(plan, { directory, table, workload });
    await andThen({ directory, table, workload });
    return { ...filled, ...read };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export interface Place {
  readonly directory: string;
  readonly table: TableSpec;
  readonly workload: Workload;
}

type FillFigures = Omit<
  LayoutFigures,
  "hot_p50_us" | "hot_p99_us" | "cold_p50_us" | "cold_p99_us" | "wrong_scans"
>;

async function fill(plan: LayoutPlan, { directory, table, workload }: Place): Promise<FillFigures> {
  const ambient = systemAmbient();
  const stored = await openLevelTables({ directory: join(directory, "tables"), clock: ambient.clock });
  const blocks = new BlockTables({ tables: await sealed(plan, directory, stored), ...ambient });
  const tables = new WriteBackTables({
    tables: blocks,
    ...ambient,
    flushIntervalMs: HOLD_MS,
    onFailure: (failure) => {
      throw failure;
    },
  });
  const writtenBefore = processWrittenBytes(process.pid);
  const cpuBefore = process.cpuUsage();
  const beganMs = performance.now();
  let firstShare: number | undefined;
  let flushedBefore = 0;
  for (let row = 0; row < plan.rows; row++) {
    const { conversation, sequence, value } = workload.next();
    tables.stage({
      partition: partitionKey(conversation),
      writes: [{ kind: "put", table, sort: [sequence], value, isNew: true }],
    });
    if (row % ROWS_PER_ROOM !== 0) continue;
    await tables.waitForRoom();
    // The first flush is over when its rows do not become more.
    const { newRows: flushed, packedRows: leftPacked } = blocks.stats;
    if (flushed > 0 && flushed === flushedBefore) firstShare ??= leftPacked / flushed;
    flushedBefore = flushed;
  }
  await tables.flush();
  await packed(blocks);
  const seconds = (performance.now() - beganMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  await standsStill(directory);
  const writtenBytes = processWrittenBytes(process.pid) - writtenBefore;
  await stored.compact();
  await tables.close();
  await blocks.close();
  const { packedRows, newRows, blocks: blockCount, repackedRows } = blocks.stats;
  return {
    rows_per_s: Math.round(plan.rows / seconds),
    cpu_us_per_row: hundredths((cpu.user + cpu.system) / plan.rows),
    bytes_on_disk_per_row: Math.round(diskBytes(directory) / plan.rows),
    write_amplification: hundredths(writtenBytes / (plan.rows * plan.rowBytes)),
    packed_share: hundredths(newRows === 0 ? 0 : packedRows / newRows),
    packed_share_at_first_flush: hundredths(firstShare ?? 0),
    rows_per_block: hundredths(blockCount === 0 ? 0 : packedRows / blockCount),
    repacked_share: hundredths(repackedRows / plan.rows),
  };
}

async function scan(
  plan: LayoutPlan,
  { directory, table, workload }: Place,
): Promise<Omit<LayoutFigures, keyof FillFigures>> {
  const ambient = systemAmbient();
  const unit = seededUnit(plan.seed + 1);
  const cold = new Histogram();
  const hot = new Histogram();
  let wrong = 0;
  const read = async (tables: Tables, conversation: number, into: Histogram | undefined): Promise<void> => {
    const query = { table, partition: partitionKey(conversation), limit: PAGE_ROWS, isDescending: true };
    const beganMs = performance.now();
    const rows = await tables.range(query);
    into?.add(performance.now() - beganMs);
    const length = workload.lengths[conversation]!;
    const isRight = rows.every(({ sort }, index) => sort[0] === length - index);
    if (!isRight || rows.length !== Math.min(PAGE_ROWS, length)) wrong += 1;
  };
  dropPageCache();
  const stored = await openLevelTables({ directory: join(directory, "tables"), clock: ambient.clock });
  const tables = new BlockTables({ tables: await sealed(plan, directory, stored), ...ambient });
  // Opening verifies every file, which brings all of them into memory.
  dropPageCache();
  for (let count = 0; count < plan.scans; count++)
    await read(tables, Math.floor(unit() * plan.conversations), cold);
  for (let count = 0; count < plan.scans; count++) {
    const conversation = Math.floor(unit() * Math.min(HOT_CONVERSATIONS, plan.conversations));
    await read(tables, conversation, count < HOT_CONVERSATIONS * 3 ? undefined : hot);
  }
  await tables.close();
  return {
    cold_p50_us: microseconds(cold, 0.5),
    cold_p99_us: microseconds(cold, 0.99),
    hot_p50_us: microseconds(hot, 0.5),
    hot_p99_us: microseconds(hot, 0.99),
    wrong_scans: wrong,
  };
}

/** Whether the operating system lets us forget what it keeps of files in memory; without that, no read is cold. */
export function dropPageCache(): boolean {
  try {
    writeFileSync("/proc/sys/vm/drop_caches", "1");
    return true;
  } catch {
    return false;
  }
}

/** The engine under the seals of the plan. Its keys are made at the first opening, under a master key that is always the same. */
export async function sealed({ isSealed }: LayoutPlan, directory: string, stored: Tables): Promise<Tables> {
  if (!isSealed) return stored;
  const ambient = systemAmbient();
  const files = keyFilesOn(join(directory, "keys"), systemFiles);
  const isNew = (await files.read("store")) === undefined;
  const store = isNew
    ? await KeyStore.create(files, MASTER, ambient.random)
    : await KeyStore.open(files, MASTER);
  return new SealedTables({ tables: stored, keyring: new Keyring({ store, ...ambient }), ...ambient });
}

/** The product's timers do not keep a process alive; the bench has nothing else to wait for. */
async function packed(blocks: BlockTables): Promise<void> {
  const alive = setInterval(() => undefined, STILL_MS);
  await blocks.packed();
  clearInterval(alive);
}

async function standsStill(directory: string): Promise<void> {
  let before = -1;
  for (let check = 0; check < STILL_CHECKS_MAX; check++) {
    const bytes = diskBytes(directory);
    if (bytes === before) return;
    before = bytes;
    await new Promise((resolve) => {
      setTimeout(resolve, STILL_MS);
    });
  }
}
