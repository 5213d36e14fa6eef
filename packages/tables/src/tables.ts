/**
 * The table port: wide tables of rows addressed by (table, partition key, sort key). A batch is atomic within one
 * partition key of one or more tables that share it, and within nothing larger: a distributed engine cannot give more.
 *
 * Keys are tuples of strings and non-negative safe integers and are ordered component by component: strings by their
 * UTF-8 bytes, integers by value, a shorter tuple before a longer one that it begins. One key position always has one
 * type in one table.
 */

export type KeyPart = string | number;
export type Key = readonly KeyPart[];

/** A table's declaration. Names are kebab-case and stable for ever: they are part of the stored keys. */
export interface TableSpec {
  readonly name: string;
  /** Rows may carry an expiry. A table without it never looks for one. */
  readonly hasExpiry?: boolean;
  /**
   * Its rows are written once, in the order of their keys, and read in runs: history and queues. The sort key is one
   * number. Runs of new rows may then be stored together, compressed, as one block. Rows may still be changed and deleted.
   */
  readonly isPacked?: boolean;
  /**
   * When a row was written, in milliseconds since the Unix epoch: what makes it old. A packed table that declares it, and whose
   * rows do not expire, has a cold tier. Pure.
   */
  readonly timeOf?: (value: Uint8Array) => number;
  /** Whose key seals its rows. Default "tenant". */
  readonly keyOwner?: KeyOwnerRule;
  /**
   * Its rows have no values: they say with their keys what they have to say. There is nothing to seal in them then, and they
   * take less than half of the room. May be declared later: rows that were sealed before stay readable.
   */
  readonly isKeysOnly?: boolean;
  /** Kept by `IndexedTables`, which has to know of them when it is opened. */
  readonly indexes?: readonly IndexSpec[];
  /** As `indexes`. */
  readonly globalIndexes?: readonly GlobalIndexSpec[];
}

/** A local index: rows of its table by other keys, within their partition and in the same batch as the row. */
export interface IndexSpec {
  /** Lower-case words with hyphens between them. Stable for ever. */
  readonly name: string;
  /** 1 or more. Raise it whenever `entriesOf` changes what it gives: the index is then built again. */
  readonly version: number;
  /** How many parts every entry's key has. */
  readonly keyParts: number;
  /** Its entries include nothing; as the declaration of the same name of a table. */
  readonly isKeysOnly?: boolean;
  /**
   * Where the index finds a row: nowhere when the row does not meet the index's condition, in several places when it has
   * several keys. Pure: the same row gives the same entries for ever.
   */
  entriesOf(row: Row): readonly IndexEntry[];
}

/** One place in which an index finds a row. */
export interface IndexEntry {
  readonly key: Key;
  /** What the index returns without a look at the row. Belongs to the store from then on. */
  readonly included?: Uint8Array;
}

/** A global index: rows of all partitions of its table by other keys. It follows the rows some time later. */
export interface GlobalIndexSpec {
  readonly name: string;
  readonly version: number;
  /** How many parts the sort key of every entry has. */
  readonly keyParts: number;
  /** How many parts the partition key of the table has. */
  readonly partitionParts: number;
  /** Whose key seals the entries. Default "tenant". What is erased with a key of its rows' own is not with this one. */
  readonly keyOwner?: KeyOwnerRule;
  entriesOf(row: Row & { readonly partition: Key }): readonly GlobalIndexEntry[];
}

/** One place in which a global index finds a row: in a partition of the index's own. */
export interface GlobalIndexEntry extends IndexEntry {
  readonly partition: Key;
}

/**
 * Where the owner of a row's key is named:
 *
 *   installation           nowhere: the row belongs to no tenant
 *   tenant                 the first part of the partition key
 *   conversation           the first part of the partition key, and the second
 *   conversation-in-sort   the first part of the partition key, and the first of the sort key
 */
export type KeyOwnerRule = "installation" | "tenant" | "conversation" | "conversation-in-sort";

/** What one batch does to one row. */
export type Write =
  | {
      readonly kind: "put";
      readonly table: TableSpec;
      readonly sort: Key;
      /** Belongs to the store from the call on: do not write to it any more. */
      readonly value: Uint8Array;
      /** The row is not returned from this wall-clock time on. Only for tables that declare `hasExpiry`. */
      readonly expiresAtMs?: number;
      /** About the length of a value that is computed when it is first read; see `LazyPut`. */
      readonly sizeHint?: number;
      /** The writer knows that such a row was never written or deleted. Saves a look for what would be replaced. */
      readonly isNew?: boolean;
    }
  | { readonly kind: "delete"; readonly table: TableSpec; readonly sort: Key };

/** Writes to one partition key, all or nothing. Later writes to the same row win. */
export interface Batch {
  readonly partition: Key;
  readonly writes: readonly Write[];
  /**
   * What must be true for the batch to be written at all. `IndexedTables` and `WriteBackTables.write` look; engines never
   * meet conditions.
   */
  readonly conditions?: readonly Condition[];
}

/** What must be true of one row of a batch's partition just before the batch is written. */
export type Condition = { readonly table: TableSpec; readonly sort: Key } & (
  | { readonly kind: "exists" }
  | { readonly kind: "absent" }
  | { readonly kind: "equals"; readonly value: Uint8Array }
  /** A test of its own, such as of one column. `name` stands in the failure. Pure; undefined is a row that is not there. */
  | {
      readonly kind: "holds";
      readonly name: string;
      readonly test: (value: Uint8Array | undefined) => boolean;
    }
);

export interface Row {
  readonly sort: Key;
  /** Belongs to the store: do not write to it. */
  readonly value: Uint8Array;
}

/** A range of one partition. Bounds are tuples or their beginnings: `from: [5]` includes [5, "a"]. */
export interface RangeQuery {
  readonly table: TableSpec;
  readonly partition: Key;
  /** First key, inclusive. Without it: the beginning. */
  readonly from?: Key;
  /** Key that ends the range, exclusive. Without it: the end. */
  readonly before?: Key;
  /** Descending order begins just below `before`. */
  readonly isDescending?: boolean;
  /** 1 to 10,000. */
  readonly limit: number;
}

/** The place of a row in its table. */
export interface RowKey {
  readonly partition: Key;
  readonly sort: Key;
}

/** A part of a walk over a whole table. */
export interface TableScan {
  readonly table: TableSpec;
  /** The row that the walk has come to; without `sort`: the end of that partition. Without it: the beginning. */
  readonly after?: { readonly partition: Key; readonly sort?: Key };
  /** 1 to 10,000. */
  readonly limit: number;
}

/** A row met in a walk over a table. */
export interface ScannedRow extends Row {
  readonly partition: Key;
  readonly expiresAtMs?: number;
}

export interface Tables {
  /** The row's value, or undefined. */
  find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined>;
  /** Many rows of one table in one call, in the order asked for. */
  findMany(table: TableSpec, keys: readonly RowKey[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Rows of a range in key order. Continue `from` the `successor` of the last row's key, or `before` it. */
  range(query: RangeQuery): Promise<readonly Row[]>;
  /**
   * The next rows of a walk over all partitions, in the order of the keys; fewer than `limit` at the end of the table. A
   * walk meets every row that is there from its beginning to its end. For building, verifying and tools.
   */
  scanTable(scan: TableScan): Promise<readonly ScannedRow[]>;

  /**
   * Writes batches, each atomic by itself; no order and no atomicity between them may be relied on, except that batches
   * of one partition take effect in the order given.
   *
   * Effects: visible to reads when this resolves; durable then when `isDurable`. Other writes may be lost in a crash,
   *   whatever durable writes follow them: an engine that rotates its own log syncs only the newest piece of it.
   * Errors: "tables-failed" (an I/O error; whether the rows survive is unknown; open again), "tables-full",
   *   "tables-closed".
   */
  write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void>;

  /**
   * Puts `values` under the next free integers of an auto-increment column, whose last value is kept in the row
   * `counterSort` of the same table, atomically with the writes in `alongside`. The first number of a column is 1.
   *
   * Effects: as `write`. Returns the first number given; numbers are exact and without a hole in one partition.
   */
  appendRows(request: AppendRows): Promise<number>;

  close(): Promise<void>;
}

export interface AppendRows {
  readonly table: TableSpec;
  readonly partition: Key;
  /** The sort key's beginning; the number given is its last component. */
  readonly sortPrefix: Key;
  /** The row that keeps the last number given. Written by `appendRows` only. */
  readonly counterSort: Key;
  /** At least one. */
  readonly values: readonly Uint8Array[];
  /** Further writes to the same partition, in the same batch. */
  readonly alongside?: readonly Write[];
  readonly isDurable: boolean;
}

/** Told that rows of these numbers were appended to a queue. Returns at once, and never throws. */
export type OnGrown = (table: TableSpec, partition: Key, first: number, last: number) => void;
