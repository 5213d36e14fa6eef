/** An account store over tables in memory, on manual time. */
import { failureCode } from "@parley/base";
import { ManualTime, RecordingLogger, manualAmbient } from "@parley/base/testing";
import type { IssuedToken } from "@parley/contracts";
import type { TenantId, UserId } from "@parley/protocol";
import { type Batch, type Key, type TableSpec, MemoryTableStore, MemoryTables } from "@parley/tables";
import { AccountStore } from "../account-store.js";

export const TENANT = "acme" as TenantId;
export const OTHER = "other" as TenantId;
export const PASSWORD = "correct horse";

/** Tables of which single reads and all writes can be held, and that keep what was written for a look. */
export class HeldTables extends MemoryTables {
  /** Holds the next read of the table: it has its answer and gives it when released. */
  readonly #heldReads = new Map<string, Promise<void>>();
  readonly written: Uint8Array[] = [];

  /** Returns the function that releases the read. */
  holdNextRead(table: TableSpec): () => void {
    let release = (): void => {};
    this.#heldReads.set(table.name, new Promise((resolve) => (release = resolve)));
    return release;
  }

  override async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    const held = this.#heldReads.get(table.name);
    this.#heldReads.delete(table.name);
    const value = await super.find(table, partition, sort);
    await held;
    return value;
  }

  override write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    for (const { writes } of batches)
      for (const write of writes) if (write.kind === "put") this.written.push(write.value);
    return super.write(batches, options);
  }
}

export class AccountBench {
  readonly time = new ManualTime();
  readonly logger = new RecordingLogger();
  readonly tables: HeldTables;
  readonly accounts: AccountStore;
  readonly ended: string[] = [];
  readonly #tableStore: MemoryTableStore;

  constructor(options: { readonly over?: AccountBench; readonly sessionsPerUserMax?: number } = {}) {
    const { clock, random } = manualAmbient(this.time, this.logger);
    this.#tableStore = options.over === undefined ? new MemoryTableStore() : options.over.#tableStore;
    this.tables = new HeldTables(this.#tableStore, this.time);
    const { sessionsPerUserMax = 1_000 } = options;
    this.accounts = new AccountStore({ tables: this.tables, clock, random, sessionsPerUserMax });
    this.accounts.onRevoked((sessionId) => this.ended.push(sessionId));
  }

  async addUser(name: string, password?: string, tenantId = TENANT): Promise<void> {
    const user = { tenantId, userId: name as UserId, name: name.toUpperCase() };
    await this.accounts.addUser(password === undefined ? user : { ...user, password });
  }

  login(name: string, password = PASSWORD, tenantId = TENANT): Promise<IssuedToken> {
    return this.accounts.login({ tenantId, userId: name as UserId, password, deviceName: "test" });
  }

  issue(name: string, lifetimeMs = 3_600_000, tenantId = TENANT): Promise<IssuedToken> {
    return this.accounts.issueToken({ tenantId, userId: name as UserId, deviceName: "test", lifetimeMs });
  }
}

/** The code of the failure that a call comes to, or "ok". */
export function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "ok",
    (error: unknown) => failureCode(error) ?? String(error),
  );
}

/** A turn of the event loop: everything that waits for promises only has run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
