/** The name of an object. Whatever has another name in a store is not the cold tier's, and left alone. */
export const OBJECT_NAME = /^[\da-f]{32}$/;

/** Where the cold tier keeps its objects: a directory, or anything that speaks S3. Objects are written once and never changed. */
export interface ObjectStore {
  /** Durable, and there as a whole or not at all. A name is never given twice. Errors: those of the store. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** The bytes from `offset` on, as many as there are up to `length`. Errors: "cold-missing", those of the store. */
  read(name: string, offset: number, length: number): Promise<Uint8Array>;
  /** The objects whose names follow `after`, by name, some at a time; none at the end. */
  list(after: string): Promise<readonly StoredObject[]>;
  /** Frees its space. Idempotent. */
  delete(name: string): Promise<void>;
}

export interface StoredObject {
  readonly name: string;
  readonly bytes: number;
}
