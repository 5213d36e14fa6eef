import { encodePartition } from "../key-encoding.js";
import type { RowKey, ScannedRow, Tables, TableSpec } from "../tables.js";

/** Where a stream has come to: nothing of the partitions before it is still to be read. Ordered as partitions are. */
type Frontier = string;

const BEGINNING: Frontier = "";
/** Above every encoded partition. */
const END: Frontier = "\u{ffff}";

interface StreamedRow extends ScannedRow {
  readonly partitionName: string;
}

/** The rows of a table in the order of their partitions, read chunk by chunk and taken partition by partition. */
export class PartitionStream {
  readonly #tables: Tables;
  readonly #table: TableSpec;
  /** Streams whose partitions are compared name them by the same table. */
  readonly #namedBy: TableSpec;
  readonly #rows: StreamedRow[] = [];
  #after: RowKey | undefined;
  #frontier: Frontier = BEGINNING;

  constructor(tables: Tables, table: TableSpec, namedBy: TableSpec) {
    this.#tables = tables;
    this.#table = table;
    this.#namedBy = namedBy;
  }

  get frontier(): Frontier {
    return this.#frontier;
  }

  get isEnded(): boolean {
    return this.#frontier === END;
  }

  /** Rows that are read and not taken. */
  get length(): number {
    return this.#rows.length;
  }

  /** The first partition of which there are rows; the end when there are none. */
  get first(): string {
    return this.#rows[0]?.partitionName ?? END;
  }

  /** Reads on. Returns how many rows there were. */
  async read(limit: number): Promise<number> {
    const after = this.#after === undefined ? {} : { after: this.#after };
    const chunk = await this.#tables.scanTable({ table: this.#table, limit, ...after });
    for (const row of chunk)
      this.#rows.push({ ...row, partitionName: encodePartition(this.#namedBy, row.partition) });
    const last = this.#rows.at(-1);
    if (chunk.length > 0) this.#after = { partition: last!.partition, sort: last!.sort };
    this.#frontier = chunk.length < limit ? END : last!.partitionName;
    return chunk.length;
  }

  /** Takes the rows of a partition that are read. */
  take(partitionName: string): readonly ScannedRow[] {
    let end = 0;
    while (this.#rows[end]?.partitionName === partitionName) end += 1;
    return this.#rows.splice(0, end);
  }
}
