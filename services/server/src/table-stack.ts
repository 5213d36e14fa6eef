/**
 * The tables of the services, one feature over the other, over any engine:
 *
 *   WriteBackTables ──► IndexedTables ──► BlockTables ──► the engine, sealed or not
 *        counted                                counted
 *
 * Counted where the services ask, whether memory answers or not: that is where a partition is hot. Counted again where the
 * engine is asked: by the difference one sees what holding and packing save. What bypasses the memory (accounts and sessions)
 * is counted only there.
 */
import { type Ambient, failureCode, type Logger, messageOf } from "@parley/base";
import { CONVERSATION_MESSAGE } from "@parley/message";
import {
  BlockTables,
  type ColdOptions,
  type IndexedTables,
  MeasuredTables,
  MeasuredWriteBack,
  type OnGrown,
  openIndexedTables,
  TableMeter,
  type Tables,
  type TableSpec,
  type TableStatistics,
  tableStatistics,
  type TrimRows,
  type WriteBackTables,
} from "@parley/tables";
import { QueueTrimmer } from "./queues/queue-trimmer.js";

/** How often the windows of the statistics move on. */
const METER_TICK_MS = 1_000;
/** All tables that have indexes. */
export const INDEXED: readonly TableSpec[] = [CONVERSATION_MESSAGE];

export interface TableStackOptions {
  /** The engine. */
  readonly stored: Tables;
  readonly ambient: Ambient;
  readonly holdMs: number;
  /** Resolves when everything emitted up to the call is durable elsewhere. */
  readonly beforeFlush: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
  /** Events that queues keep where there is a cold tier; without it, and without the number, they keep all. */
  readonly queueEvents?: number;
  /** Where old blocks go. Without it they stay. */
  readonly cold?: ColdOptions | undefined;
}

export interface TableStack {
  /** What machines stage in. */
  readonly tables: WriteBackTables;
  /** Without the memory for staged rows: what is written here is durable. Closed by `close`. */
  readonly direct: IndexedTables;
  /** What packs rows into blocks, below the indexes. */
  readonly blocks: BlockTables;
  /** Told how far a queue goes now; undefined when queues keep everything. */
  readonly onGrown: OnGrown | undefined;
  /** Begins to build in the background what is declared and not built yet. */
  completeIndexes(): void;
  /** What was read and written since the start, with so many of the hottest partitions. */
  statistics(hotMax: number): TableStatistics;
  /** Flushes, and closes the engine. */
  close(): Promise<void>;
}

export async function openTableStack(options: TableStackOptions): Promise<TableStack> {
  const { stored, ambient, holdMs, beforeFlush, onFailure, cold, queueEvents } = options;
  const { clock, scheduler, logger } = ambient;
  const meter = new TableMeter({ clock, hasPartitions: true });
  const engineMeter = new TableMeter({ clock, isPhysical: true });
  const engine = new MeasuredTables(stored, engineMeter);
  const blocks = new BlockTables({
    tables: engine,
    clock,
    scheduler,
    logger,
    ...(cold === undefined ? {} : { cold }),
  });
  const direct = await openIndexedTables({
    tables: blocks,
    declared: INDEXED,
    clock,
    scheduler,
    ...trimming(blocks),
  });
  const tables = new MeasuredWriteBack({
    meter,
    tables: direct,
    indexes: direct,
    clock,
    scheduler,
    flushIntervalMs: holdMs,
    beforeFlush,
    onFailure,
  });
  const isTrimmed = cold !== undefined && queueEvents !== undefined;
  const queues = isTrimmed
    ? new QueueTrimmer({ tables: direct, ambient, keepEvents: queueEvents })
    : undefined;
  const tick = scheduler.every(METER_TICK_MS, () => {
    meter.roll();
    engineMeter.roll();
  });
  let indexing: Promise<void> | undefined;
  return {
    tables,
    direct,
    blocks,
    onGrown: queues?.onGrown,
    completeIndexes() {
      indexing ??= completeIndexes(direct, logger);
    },
    statistics(hotMax) {
      const { dirtyBytes: stagedBytes } = tables;
      const nowMs = clock.monotonicMs();
      return tableStatistics({ meter, engineMeter, blocks: blocks.stats, stagedBytes, nowMs }, hotMax);
    },
    async close() {
      tick.cancel();
      await queues?.stop();
      await tables.close();
      await direct.close();
      await indexing;
    },
  };
}

/** How what lies below the indexes is trimmed. */
export function trimming({ cold }: Pick<BlockTables, "cold">): { readonly trim?: TrimRows } {
  return cold === undefined ? {} : { trim: (...request) => cold.trim(...request) };
}

/** Ends when the tables are closed. */
async function completeIndexes(tables: IndexedTables, logger: Logger): Promise<void> {
  try {
    await tables.completeIndexes();
  } catch (error) {
    // Queries are refused until it is built; the next start tries again, and writers meet what is wrong with the disk.
    if (failureCode(error) !== "tables-closed")
      logger.error("index-build-failed", { error: messageOf(error) });
  }
}
