import { encodeTuple, type EncodedKey } from "./key-encoding.js";
import { SortedRows } from "./sorted-rows.js";
import { assertExpiryAllowed } from "./stored-value.js";
import type { Batch, Key, Write } from "./tables.js";

/** What a staged row costs besides its key and its value's bytes: the write and two map entries, measured at 200. */
const ROW_OVERHEAD_BYTES = 200;

interface StagedPartition {
  readonly partition: Key;
  readonly tables: Map<string, SortedRows<Write>>;
}

/**
 * Row writes staged between two flushes. Only the last write to a row is kept. Generations form a chain from the oldest
 * that a reader still sees to the current one, by which a reader that has waited finds what was staged meanwhile.
 */
export class Generation {
  readonly #partitions = new Map<EncodedKey, StagedPartition>();
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
      this.#bytes += replaced === undefined ? ROW_OVERHEAD_BYTES + sort.length : -valueBytes(replaced);
      this.#bytes += valueBytes(write);
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

  #partition(partition: Key): StagedPartition {
    const encoded = encodeTuple(partition);
    const known = this.#partitions.get(encoded);
    if (known !== undefined) return known;
    const staged: StagedPartition = { partition, tables: new Map() };
    this.#partitions.set(encoded, staged);
    return staged;
  }
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
