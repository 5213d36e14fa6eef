/** What an operator is told about the tables: plain values that survive JSON. */
import type { BlockStats } from "../blocks/block-tables.js";
import type { HotPartition } from "./hot-partitions.js";
import type { TableFigures, TableMeter } from "./table-meter.js";

/** Hot partitions that are reported at most. */
export const HOT_PARTITIONS_MAX = 1_000;

export interface TableStatistics {
  /** What was asked for, by table. */
  readonly tables: readonly TableFigures[];
  /** What the engine below was asked for: rows that were held, packed and written again are counted as it got them. */
  readonly engine: readonly TableFigures[];
  readonly hot: { readonly seconds: number; readonly partitions: readonly HotPartition[] };
  readonly blocks: BlockStats;
  /** In memory and not yet in the engine. */
  readonly stagedBytes: number;
  readonly ratios: Ratios;
}

/** Since the start; 0 while there is nothing to divide by. */
export interface Ratios {
  /** Bytes given to the engine by bytes written. Below 1: rows were changed again before they were stored, or packed. */
  readonly writeAmplification: number;
  /** Bytes of blocks by bytes of the rows in them. */
  readonly blockRatio: number;
  /** Of the new rows of packed tables, those that left in blocks. */
  readonly packedShare: number;
  /** Of the blocks read, those that were unpacked already. */
  readonly blockCacheHitShare: number;
}

/** Everything as it is now; of the partitions the hottest. Errors: asserts nothing; `hotMax` is cut to the limit. */
export function tableStatistics(
  sources: {
    readonly meter: TableMeter;
    readonly engineMeter: TableMeter;
    readonly blocks: BlockStats;
    readonly stagedBytes: number;
    readonly nowMs: number;
  },
  hotMax: number,
): TableStatistics {
  const { meter, engineMeter, blocks, stagedBytes, nowMs } = sources;
  const tables = meter.figures();
  const engine = engineMeter.figures();
  return {
    tables,
    engine,
    hot: meter.hot?.hottest(Math.min(hotMax, HOT_PARTITIONS_MAX), nowMs) ?? { seconds: 0, partitions: [] },
    blocks,
    stagedBytes,
    ratios: {
      writeAmplification: ratio(bytesWritten(engine), bytesWritten(tables)),
      blockRatio: ratio(blocks.blockBytes, blocks.plainBytes),
      packedShare: ratio(blocks.packedRows, blocks.newRows),
      blockCacheHitShare: ratio(blocks.cacheHits, blocks.cacheHits + blocks.cacheMisses),
    },
  };
}

function bytesWritten(figures: readonly TableFigures[]): number {
  return figures.reduce((sum, { total }) => sum + total.bytesWritten, 0);
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1_000) / 1_000;
}
