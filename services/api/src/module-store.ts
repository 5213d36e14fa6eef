import { createHash } from "node:crypto";
import { type Clock, Failure, LruMap, type Random } from "@parley/base";
import type { ModuleQuota } from "@parley/contracts";
import { decode, encode, type ModuleName, type TenantId } from "@parley/protocol";
import { type Tables, Turns } from "@parley/tables";
import { MODULE, MODULE_KEY, ModuleKeyRow, ModuleRow } from "./module-rows.js";

/** Modules of one organisation. */
export const MODULES_MAX = 200;
/** Verified keys kept in memory. */
const VERIFIED_MAX = 10_000;
const DURABLE = { isDurable: true };

/** Who comes with a key. */
export interface ModuleIdentity {
  readonly tenantId: TenantId;
  readonly module: ModuleName;
}

export interface ModuleInfo {
  readonly module: ModuleName;
  readonly createdMs: number;
  /** Null: as the server says for all. */
  readonly quota: ModuleQuota | null;
}

export interface ModuleStoreOptions {
  readonly tables: Tables;
  readonly clock: Clock;
  readonly random: Random;
  /** Told when a module comes with its key first, and when what it may publish is changed. */
  readonly onQuota: (of: ModuleIdentity, quota: ModuleQuota | undefined) => void;
}

/** Business modules and their keys. Only the hash of a key is stored. */
export class ModuleStore {
  readonly #options: ModuleStoreOptions;
  readonly #verified = new LruMap<string, ModuleIdentity>();
  /** Changes read what they change: those of one organisation come one after another. */
  readonly #turns = new Turns();
  /** Counts what has ended, so that a read which that overtook is not remembered. */
  #endings = 0;

  constructor(options: ModuleStoreOptions) {
    this.#options = options;
  }

  /**
   * Adds a module, or gives one that is there another key: the one before works no more. Resolves with the key, which is shown
   * once. Effects: durable when it resolves. Errors: "bad-request" beyond MODULES_MAX.
   */
  add(of: ModuleIdentity): Promise<string> {
    return this.#inTurn(of, async () => {
      const { tables, clock, random } = this.#options;
      const { tenantId, module } = of;
      const before = await this.#find(of);
      if (before === undefined && (await this.list(tenantId)).length >= MODULES_MAX)
        throw new Failure("bad-request", `An organisation has at most ${MODULES_MAX} modules.`);
      const key = `parley_m_${Buffer.from(random.bytes(32)).toString("base64url")}`;
      const keyHash = hashOf(key);
      const row = { eventsPerSecond: 0, receiversPerSecond: 0, ...before, keyHash, createdMs: clock.nowMs() };
      await tables.write(
        [
          ...keyEnds(before),
          {
            partition: [keyHash],
            writes: [{ kind: "put", table: MODULE_KEY, sort: [], value: encode(ModuleKeyRow, of) }],
          },
          {
            partition: [tenantId],
            writes: [{ kind: "put", table: MODULE, sort: [module], value: encode(ModuleRow, row) }],
          },
        ],
        DURABLE,
      );
      this.#end(before);
      return key;
    });
  }

  /** Ends a module's key. Resolves with whether there was one. Effects: durable when it resolves. */
  remove(of: ModuleIdentity): Promise<boolean> {
    return this.#inTurn(of, async () => {
      const before = await this.#find(of);
      if (before === undefined) return false;
      const gone = { kind: "delete" as const, table: MODULE, sort: [of.module] };
      await this.#options.tables.write(
        [...keyEnds(before), { partition: [of.tenantId], writes: [gone] }],
        DURABLE,
      );
      this.#end(before);
      this.#options.onQuota(of, undefined);
      return true;
    });
  }

  /** Sets what a module may publish from now on; undefined: as any. Errors: "not-found". */
  limit(of: ModuleIdentity, quota: ModuleQuota | undefined): Promise<void> {
    return this.#inTurn(of, async () => {
      const before = await this.#find(of);
      if (before === undefined)
        throw new Failure("not-found", `There is no module ${of.module}: parley module add makes one.`);
      const row = { ...before, ...(quota ?? { eventsPerSecond: 0, receiversPerSecond: 0 }) };
      const put = { kind: "put" as const, table: MODULE, sort: [of.module], value: encode(ModuleRow, row) };
      await this.#options.tables.write([{ partition: [of.tenantId], writes: [put] }], DURABLE);
      this.#options.onQuota(of, quota);
    });
  }

  async list(tenantId: TenantId): Promise<readonly ModuleInfo[]> {
    const rows = await this.#options.tables.range({
      table: MODULE,
      partition: [tenantId],
      limit: MODULES_MAX,
    });
    return rows.map(({ sort, value }) => {
      const row = decode(ModuleRow, value);
      return { module: sort[0] as ModuleName, createdMs: row.createdMs, quota: quotaOf(row) ?? null };
    });
  }

  async has(of: ModuleIdentity): Promise<boolean> {
    return (await this.#find(of)) !== undefined;
  }

  /** Errors: "module-key-invalid". Cost: a hash; two reads for a key that was not seen before. */
  async verify(key: string): Promise<ModuleIdentity> {
    const keyHash = hashOf(key);
    const known = this.#verified.find(keyHash) ?? (await this.#read(keyHash));
    if (known !== undefined) return known;
    throw new Failure("module-key-invalid", "The key of the module is unknown or was removed.", {
      retry: "after-change",
    });
  }

  async #read(keyHash: string): Promise<ModuleIdentity | undefined> {
    const endings = this.#endings;
    const value = await this.#options.tables.find(MODULE_KEY, [keyHash], []);
    if (value === undefined) return undefined;
    const of = decode(ModuleKeyRow, value);
    // The key's row belongs to the installation: it outlives an organisation whose own key was destroyed.
    const row = await this.#find(of);
    if (row?.keyHash !== keyHash) return undefined;
    if (endings === this.#endings) {
      this.#options.onQuota(of, quotaOf(row));
      this.#verified.put(keyHash, of);
      this.#verified.cutTo(VERIFIED_MAX);
    }
    return of;
  }

  async #find({ tenantId, module }: ModuleIdentity): Promise<ModuleRow | undefined> {
    const value = await this.#options.tables.find(MODULE, [tenantId], [module]);
    return value === undefined ? undefined : decode(ModuleRow, value);
  }

  #end(row: ModuleRow | undefined): void {
    this.#endings += 1;
    if (row !== undefined) this.#verified.delete(row.keyHash);
  }

  #inTurn<T>({ tenantId }: ModuleIdentity, task: () => Promise<T>): Promise<T> {
    return this.#turns.take(tenantId, task);
  }
}

function keyEnds(row: ModuleRow | undefined) {
  if (row === undefined) return [];
  return [{ partition: [row.keyHash], writes: [{ kind: "delete" as const, table: MODULE_KEY, sort: [] }] }];
}

function quotaOf({ eventsPerSecond, receiversPerSecond }: ModuleRow): ModuleQuota | undefined {
  return eventsPerSecond === 0 ? undefined : { eventsPerSecond, receiversPerSecond };
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
