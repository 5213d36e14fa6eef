import { Failure } from "@parley/base";
import type { MemoryTableStore } from "../memory-tables.js";
import type { Batch, Tables } from "../tables.js";
import { overTables } from "./over-tables.js";

/**
 * Tables that crash at a write: of its batches those that `takes` names get through, and then everything is as after a
 * power failure. No more is promised of a write to several partitions.
 */
export function crashingTables(
  engine: Tables,
  store: MemoryTableStore,
  crash: { readonly atWrite: number; readonly takes: (batchIndex: number) => boolean },
): { readonly tables: Tables; readonly writes: () => number } {
  let writes = 0;
  const write = async (
    batches: readonly Batch[],
    options: { readonly isDurable: boolean },
  ): Promise<void> => {
    writes += 1;
    if (writes !== crash.atWrite) {
      await engine.write(batches, options);
      return;
    }
    await engine.write(
      batches.filter((_, index) => crash.takes(index)),
      { isDurable: true },
    );
    store.crash();
    throw new Failure("tables-failed", "The power failed.");
  };
  return { tables: overTables(engine, { write }), writes: () => writes };
}

/** Tables that take a while for everything, some of the time, as a seeded chance decides. */
export function slowTables(engine: Tables, unit: () => number): Tables {
  const wait = async (): Promise<void> => {
    const turns = Math.floor(unit() * 4);
    for (let turn = 0; turn < turns; turn++) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
  };
  // A write takes effect at its end or at its beginning; calls keep their order either way.
  let last: Promise<void> = Promise.resolve();
  const write = async (
    batches: readonly Batch[],
    options: { readonly isDurable: boolean },
  ): Promise<void> => {
    const before = last;
    const own = (async () => {
      await before;
      await wait();
      await engine.write(batches, options);
      await wait();
    })();
    last = own.catch(() => undefined);
    await own;
  };
  const between = async <T>(read: () => Promise<T>): Promise<T> => {
    await wait();
    const result = await read();
    await wait();
    return result;
  };
  return overTables(engine, {
    write,
    find: (...args) => between(() => engine.find(...args)),
    findMany: (...args) => between(() => engine.findMany(...args)),
    range: (query) => between(() => engine.range(query)),
    scanTable: (scan) => between(() => engine.scanTable(scan)),
  });
}
