/** What the cold tier saves, and what reading from it costs: everything that a layout has stored goes into it. */
import { join } from "node:path";
import { systemAmbient } from "@parley/base/node";
import { DirectoryObjects, openLevelTables, systemFiles } from "@parley/engine-embedded";
import { decode, Message } from "@parley/protocol";
import { BlockTables, noSeals, type SealedTables, type TableSpec } from "@parley/tables";
import { Histogram } from "../histogram.js";
import { diskBytes } from "../process-figures.js";
import { seededUnit } from "../seeded-unit.js";
import { dropPageCache, type LayoutPlan, type Place, sealed } from "./layout.js";
import { partitionKey } from "./workload.js";
import { hundredths, microseconds } from "../rounding.js";

const PAGE_ROWS = 50;
/** Read one after the other, as somebody does who scrolls up. */
const PAGES = 6;
const ALIVE_MS = 1_000;

export interface ColdFigures {
  readonly bytes_on_disk_per_row: number;
  /** Of which are in its store; the rest are pointers, and rows that are too few to go cold. */
  readonly bytes_in_store_per_row: number;
  readonly moved_share: number;
  readonly cpu_us_per_moved_row: number;
  readonly rows_per_s: number;
  readonly first_page_p50_us: number;
  readonly first_page_p99_us: number;
  readonly next_page_p50_us: number;
  readonly next_page_p99_us: number;
  readonly wrong_pages: number;
}

/** Effects: what is in the directory goes cold. */
export async function measureColdTier(plan: LayoutPlan, place: Place): Promise<ColdFigures> {
  const moved = await move(plan, place);
  return { ...moved, ...(await read(plan, place)) };
}

async function open(
  plan: LayoutPlan,
  directory: string,
): Promise<{ readonly tables: BlockTables; readonly compact: () => Promise<void> }> {
  const ambient = systemAmbient();
  const stored = await openLevelTables({ directory: join(directory, "tables"), clock: ambient.clock });
  const engine = await sealed(plan, directory, stored);
  const cold = {
    objects: new DirectoryObjects(join(directory, "cold"), systemFiles),
    seals: plan.isSealed ? (engine as SealedTables) : noSeals,
    random: ambient.random,
  };
  return { tables: new BlockTables({ tables: engine, ...ambient, cold }), compact: () => stored.compact() };
}

async function move(
  plan: LayoutPlan,
  { directory, table }: Place,
): Promise<Omit<ColdFigures, keyof ReadFigures>> {
  const { tables, compact } = await open(plan, directory);
  const dated: TableSpec = { ...table, timeOf: (value) => decode(Message, value).timeMs };
  // The product's timers do not keep a process alive.
  const alive = setInterval(() => undefined, ALIVE_MS);
  const cpuBefore = process.cpuUsage();
  const beganMs = performance.now();
  const rule = { beforeMs: Infinity };
  const { movedRows } = await tables.cold!.pass(dated, () => Promise.resolve(rule), { pauseFactor: 0 });
  const seconds = (performance.now() - beganMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  clearInterval(alive);
  await compact();
  await tables.close();
  return {
    bytes_on_disk_per_row: Math.round(diskBytes(directory) / plan.rows),
    bytes_in_store_per_row: Math.round(diskBytes(join(directory, "cold")) / plan.rows),
    moved_share: hundredths(movedRows / plan.rows),
    cpu_us_per_moved_row: hundredths((user + system) / movedRows),
    rows_per_s: Math.round(movedRows / seconds),
  };
}

type ReadFigures = Pick<
  ColdFigures,
  "first_page_p50_us" | "first_page_p99_us" | "next_page_p50_us" | "next_page_p99_us" | "wrong_pages"
>;

/** Scrolls up in conversations, from the newest message on. */
async function read(plan: LayoutPlan, { directory, table, workload }: Place): Promise<ReadFigures> {
  dropPageCache();
  const { tables } = await open(plan, directory);
  dropPageCache();
  const unit = seededUnit(plan.seed + 2);
  const first = new Histogram();
  const next = new Histogram();
  let wrong = 0;
  for (let count = 0; count < plan.scans; count++) {
    const conversation = Math.floor(unit() * plan.conversations);
    const partition = partitionKey(conversation);
    let before = workload.lengths[conversation]! + 1;
    for (let page = 0; page < PAGES && before > 1; page++) {
      const from = Math.max(1, before - PAGE_ROWS);
      const beganMs = performance.now();
      const rows = await tables.range({ table, partition, from: [from], before: [before], limit: PAGE_ROWS });
      (page === 0 ? first : next).add(performance.now() - beganMs);
      const isRight = rows.length === before - from && rows.every(({ sort }, at) => sort[0] === from + at);
      if (!isRight) wrong += 1;
      before = from;
    }
  }
  await tables.close();
  return {
    first_page_p50_us: microseconds(first, 0.5),
    first_page_p99_us: microseconds(first, 0.99),
    next_page_p50_us: microseconds(next, 0.5),
    next_page_p99_us: microseconds(next, 0.99),
    wrong_pages: wrong,
  };
}
