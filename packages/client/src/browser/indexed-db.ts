/** Promises over IndexedDB: the little of it that the store needs. */

/**
 * What a request comes to next: that of a cursor comes to something each time it goes on. A transaction lasts while somebody asks for more
 * as soon as this resolves.
 */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result), { once: true });
    request.addEventListener("error", () => reject(asError(request.error)), { once: true });
  });
}

/** Resolves when a transaction is complete: all of it is stored. Errors: why the browser, or somebody here, ended it. */
export function endOf(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(asError(transaction.error)));
  });
}

/** What a database is opened with. */
export interface OpenOptions {
  readonly version: number;
  /** Runs in the transaction that makes this version. */
  readonly upgrade: (database: IDBDatabase, fromVersion: number) => void;
  /** Somebody waits until this connection is closed. */
  readonly onBlocking: () => void;
}

/** Errors: the browser's; "VersionError" when the database is newer. */
export async function openDatabase(
  name: string,
  { version, upgrade, onBlocking }: OpenOptions,
): Promise<IDBDatabase> {
  const request = indexedDB.open(name, version);
  request.addEventListener("upgradeneeded", ({ oldVersion }) => upgrade(request.result, oldVersion));
  const database = await resultOf(request);
  database.addEventListener("versionchange", onBlocking);
  return database;
}

function asError(error: DOMException | null): DOMException {
  return error ?? new DOMException("The transaction was aborted.", "AbortError");
}
