import { encodeTuple, type EncodedKey } from "./key-encoding.js";
import { SortedRows } from "./sorted-rows.js";
import { assertExpiryAllowed } from "./stored-value.js";
import type { Batch, Key, Write } from "./tables.js";

/** What a staged row costs besides its key and its value's bytes: the write and two map entries, measured at 200. */
const ROW_OVERHEAD_BYTES = 200;

interface StagedPartition {
  readonly partition: Key;
  readonly tables: Map<string, SortedRows<Write>>;
  rows: number;
  bytes: number;
}

/** Partitions with more rows than this are all equally hot. */
const HEAT_MAX = 256;

/**
 * Row writes staged between two flushes. Only the last write to a row is kept. Generations form a chain from the oldest
 * that a reader still sees to the current one, by which a reader that has waited finds what was staged meanwhile.
 */
export class Generation {
  #partitions = new Map<EncodedKey, StagedPartition>();
  #next: Generation | undefined;
  #bytes = 0;

  /** The generation that was begun when this one was frozen. */
  get next(): Generation | undefined {
    return this.#next;
  }

  /** About what this generation holds in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#partitions.size === 0;
  }

  /** Begins the generation that follows; from now on this one must not change. */
  freeze(): Generation {
    this.#next = new Generation();
    return this.#next;
  }

  /**
   * Begins the generation that follows, and leaves to it the partitions with the fewest rows, up to half of all bytes: where
   * more rows come together before they are written, they can be stored together.
   * Cost: in the number of partitions.
   */
  freezeHottest(): Generation {
    const next = this.freeze();
    const coldest = this.#coldestHeat();
    const hot = new Map<EncodedKey, StagedPartition>();
    for (const [encoded, staged] of this.#partitions) {
      if (heatOf(staged) > coldest) {
        hot.set(encoded, staged);
        continue;
      }
      next.#partitions.set(encoded, staged);
      next.#bytes += staged.bytes;
      this.#bytes -= staged.bytes;
    }
    this.#partitions = hot;
    return next;
  }

  stage(batch: Batch): void {
    if (batch.writes.length === 0) return;
    const staged = this.#partition(batch.partition);
    for (const write of batch.writes) {
      if (write.kind === "put") assertExpiryAllowed(write);
      let rows = staged.tables.get(write.table.name);
      if (rows === undefined) {
        rows = new SortedRows();
        staged.tables.set(write.table.name, rows);
      }
      const sort = encodeTuple(write.sort);
      const replaced = rows.get(sort);
      if (replaced === undefined) staged.rows += 1;
      const before = replaced === undefined ? -ROW_OVERHEAD_BYTES - sort.length : valueBytes(replaced);
      const added = valueBytes(write) - before;
      staged.bytes += added;
      this.#bytes += added;
      rows.set(sort, asStaged(write, replaced));
    }
  }

  /** The staged rows of one table of a partition. */
  rows(table: string, partition: EncodedKey): SortedRows<Write> | undefined {
    return this.#partitions.get(partition)?.tables.get(table);
  }

  /** Everything staged: one batch for each partition, one write for each row. */
  batches(): Batch[] {
    return Array.from(this.#partitions.values(), ({ partition, tables }) => ({
      partition,
      writes: Array.from(tables.values(), (rows) => [...rows.values()]).flat(),
    }));
  }

  /** The greatest heat such that the partitions up to it hold half of the bytes at most. */
  #coldestHeat(): number {
    const bytesByHeat = new Float64Array(HEAT_MAX + 1);
    for (const staged of this.#partitions.values()) bytesByHeat[heatOf(staged)]! += staged.bytes;
    let sum = 0;
    for (let heat = 0; heat <= HEAT_MAX; heat++) {
      sum += bytesByHeat[heat]!;
      if (sum > this.#bytes / 2) return heat - 1;
    }
    return HEAT_MAX;
  }

  #partition(partition: Key): StagedPartition {
    const encoded = encodeTuple(partition);
    const known = this.#partitions.get(encoded);
    if (known !== undefined) return known;
    const staged: StagedPartition = { partition, tables: new Map(), rows: 0, bytes: 0 };
    this.#partitions.set(encoded, staged);
    return staged;
  }
}

function heatOf({ rows }: StagedPartition): number {
  return Math.min(HEAT_MAX, rows);
}

/** What is new to the engine stays new, whatever is written over it before the engine has it. */
function asStaged(write: Write, replaced: Write | undefined): Write {
  if (write.kind === "delete" || replaced === undefined) return write;
  const isNew = replaced.kind === "put" && replaced.isNew === true;
  return isNew === (write.isNew === true) ? write : { ...write, value: write.value, isNew };
}

function valueBytes(write: Write): number {
  return write.kind === "put" ? (write.sizeHint ?? write.value.length) : 0;
}
