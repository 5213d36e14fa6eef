/**
 * Where the parts of blobs are kept: a directory, or anything that stores objects by name. A part is written once, whole. The
 * names are those of `partName`; what has another name in the store is not ours, and left alone.
 */
export interface BlobStore {
  /** Durable, and there as a whole or not at all. Twice with the same bytes is as once. Errors: "blob-failed", "blob-full". */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** The bytes from `offset` on, as many as there are up to `length`. Errors: "blob-missing", "blob-failed". */
  read(name: string, offset: number, length: number): Promise<Uint8Array>;
  /** Undefined when there is no such part. Errors: "blob-failed". */
  length(name: string): Promise<number | undefined>;
  /** The parts whose names follow `after`, by name, some at a time; none at the end. Errors: "blob-failed". */
  list(after: string): Promise<readonly StoredPart[]>;
  /** Frees its space. Idempotent. Errors: "blob-failed". */
  delete(name: string): Promise<void>;
}

export interface StoredPart {
  readonly name: string;
  readonly bytes: number;
}
