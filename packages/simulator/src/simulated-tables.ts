/** Tables in memory that take time, and whose writes are cut off in the middle by a crash. */
import {
  type AppendRows,
  type Batch,
  type Key,
  MemoryTables,
  type MemoryTableStore,
  type RangeQuery,
  type Row,
  type Tables,
  type TableScan,
  type TableSpec,
} from "@parley/tables";
import type { Process } from "./kernel.js";
import type { SeededRandom } from "./seeded-random.js";

export interface TablesPlan {
  readonly readMs: number;
  readonly writeMs: number;
  /** Chance that a write of several batches is carried out one batch at a time. */
  readonly splitChance: number;
}

export function openSimulatedTables(
  store: MemoryTableStore,
  process: Process,
  random: SeededRandom,
  plan: TablesPlan,
): Tables {
  const inner = new MemoryTables(store, process.ambient.clock);
  const wait = (meanMs: number): Promise<void> =>
    process.sleep(random.waitMs(meanMs), `${process.name} tables`);
  const read = async <T>(run: () => Promise<T>): Promise<T> => {
    await wait(plan.readMs);
    const result = await run();
    await wait(plan.readMs);
    return result;
  };
  /** The port promises no order and no atomicity between batches, except the order within a partition. */
  const split = (batches: readonly Batch[]): readonly (readonly Batch[])[] => {
    if (batches.length < 2 || !random.isTrue(plan.splitChance)) return [batches];
    const middle = random.between(1, batches.length - 1);
    return [batches.slice(0, middle), batches.slice(middle)];
  };
  return {
    find: (table: TableSpec, partition: Key, sort: Key) => read(() => inner.find(table, partition, sort)),
    findMany: (table: TableSpec, keys: readonly { readonly partition: Key; readonly sort: Key }[]) =>
      read(() => inner.findMany(table, keys)),
    range: (query: RangeQuery): Promise<readonly Row[]> => read(() => inner.range(query)),
    scanTable: (scan: TableScan) => read(() => inner.scanTable(scan)),
    async write(batches, options) {
      for (const part of split(batches)) {
        await wait(plan.writeMs);
        await inner.write(part, options);
      }
      await wait(plan.writeMs);
    },
    async appendRows(request: AppendRows) {
      await wait(plan.writeMs);
      const first = await inner.appendRows(request);
      await wait(plan.writeMs);
      return first;
    },
    close: () => inner.close(),
  };
}
