/** What it costs to count an operation, with and without the search for hot partitions. */
import { seededUnit } from "../seeded-unit.js";
import { systemAmbient } from "@parley/base/node";
import { type Batch, type Key, type Row, TableMeter, type TableSpec } from "@parley/tables";
import { partitionKey } from "./workload.js";

const OPERATIONS = 1_000_000;
const ROUNDS = 3;
const PARTITIONS = 1_000_000;
const PARTITIONS_DRAWN = 1 << 18;
/** Drawn with this, the first of a million partitions gets a few percent of all operations. */
const SKEW = 6;
const VALUE = new Uint8Array(200);
const PAGE_ROWS = 50;
const TABLES: readonly TableSpec[] = [{ name: "conversation-message" }, { name: "conversation-head" }];

/** Nanoseconds of processor time for an operation, the least of three rounds. */
export function measureMeter(seed: number): Record<string, number> {
  const unit = seededUnit(seed);
  const partitions = Array.from({ length: PARTITIONS_DRAWN }, () =>
    partitionKey(Math.floor(unit() ** SKEW * PARTITIONS)),
  );
  const batches = partitions.map((partition): Batch => ({
    partition,
    writes: TABLES.map((table) => ({ kind: "put", table, sort: [1], value: VALUE })),
  }));
  const rows: readonly Row[] = Array.from({ length: PAGE_ROWS }, (_, index) => ({
    sort: [index],
    value: VALUE,
  }));
  const { clock } = systemAmbient();
  const figures: Record<string, number> = {};
  for (const hasPartitions of [false, true]) {
    const suffix = hasPartitions ? "with_hot_partitions_ns" : "ns";
    const meter = new TableMeter({ clock, hasPartitions });
    figures[`meter_batch_${suffix}`] = least((index) => meter.wrote(batches[index]!));
    figures[`meter_row_${suffix}`] = least((index) =>
      meter.readRow(TABLES[0]!, freshKey(partitions[index]!), VALUE),
    );
    figures[`meter_page_${suffix}`] = least((index) => meter.readRange(TABLES[0]!, partitions[index]!, rows));
  }
  return figures;
}

/** As callers make them: an array of its own for each call. */
function freshKey(partition: Key): Key {
  return [...partition];
}

function least(operation: (index: number) => void): number {
  let leastNs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let count = 0; count < OPERATIONS; count++) operation(count % PARTITIONS_DRAWN);
    const { user, system } = process.cpuUsage(before);
    leastNs = Math.min(leastNs, ((user + system) * 1_000) / OPERATIONS);
  }
  return Math.round(leastNs);
}
