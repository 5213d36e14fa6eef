export { BlockTables, type BlockStats, type BlockTablesOptions } from "./blocks/block-tables.js";
export type { PackProgress, PackWork } from "./blocks/pack-all.js";
export { blockTableOf } from "./blocks/stored-keys.js";
export { appendInTurn, Turns, type AppendAccess } from "./append-rows.js";
export type { GlobalIndexQuery, GlobalLag, GlobalMatch } from "./indexed/global/global-indexes.js";
export { INDEX_STATE } from "./indexed/index-state.js";
export { indexTable } from "./indexed/local-index.js";
export { openSealedRow } from "./sealed/open-row.js";
export { ownerOf } from "./sealed/row-owner.js";
export type { Block, ColdPlace } from "./blocks/block.js";
export { type Compress, decodeBlock } from "./blocks/block-format.js";
export { type Extent, readDirectory } from "./cold/cold-object.js";
export { ColdReader } from "./cold/cold-reader.js";
export { decodePointer, POINTER_FORMAT } from "./cold/cold-pointer.js";
export type { ColdProgress, ColdRule, ColdSpace, ColdTier, ColdWork } from "./cold/cold-tier.js";
export type { ColdOptions, ColdStats } from "./cold/mover.js";
export { compressAtOnce, compressHard } from "./cold/compress-hard.js";
export { OBJECT_NAME, type ObjectStore, type StoredObject } from "./cold/object-store.js";
export { noSeals, type SealPlace, type Seals } from "./cold/seals.js";
export type { IndexStatus } from "./indexed/index-catalog.js";
export type { IndexMatch, IndexQuery, IndexReader } from "./indexed/index-query.js";
export type { Verification, WrongEntry } from "./indexed/index-verify.js";
export type { IndexName, IndexProgress, IndexWork } from "./indexed/index-work.js";
export {
  IndexedTables,
  openIndexedTables,
  type IndexedTablesOptions,
  type TrimRows,
} from "./indexed/indexed-tables.js";
export type {
  ColumnBatch,
  ColumnChange,
  ColumnCondition,
  ColumnPage,
  ColumnQuery,
  ColumnRow,
  ColumnSelection,
  ColumnTable,
  ColumnVersion,
} from "./columns/column-table.js";
export { ColumnTables } from "./columns/column-tables.js";
export {
  decodeRowKey,
  decodeTuple,
  encodePartition,
  encodeTuple,
  successor,
  SORT_KEYS_END,
  type EncodedKey,
  scanBounds,
  tableBounds,
} from "./key-encoding.js";
export { LazyPut } from "./lazy-put.js";
export { SealedTables, type SealedTablesOptions } from "./sealed/sealed-tables.js";
export { MemoryTables, MemoryTableStore } from "./memory-tables.js";
export { sortBounds, type SortBounds } from "./range-query.js";
export type { TableCounts } from "./statistics/counts.js";
export type { HotPartition } from "./statistics/hot-partitions.js";
export { MeasuredTables, MeasuredWriteBack } from "./statistics/measured-tables.js";
export { PROMETHEUS_CONTENT_TYPE, prometheusText, type PlainMetric } from "./statistics/prometheus.js";
export { TableMeter, type TableFigures, type TableMeterOptions } from "./statistics/table-meter.js";
export { tableStatistics, type TableStatistics } from "./statistics/table-statistics.js";
export { liveValue, storedExpiry, storedLength, storedValue, writeStored } from "./stored-value.js";
export type {
  AppendRows,
  Batch,
  Condition,
  GlobalIndexEntry,
  GlobalIndexSpec,
  IndexEntry,
  IndexSpec,
  Key,
  KeyOwnerRule,
  KeyPart,
  RangeQuery,
  Row,
  RowKey,
  ScannedRow,
  Tables,
  TableScan,
  OnGrown,
  TableSpec,
  Write,
} from "./tables.js";
export { WriteBackTables, type WriteBackOptions } from "./write-back.js";
