/** What an operator does with the keys of an installation. */
import { type Ambient, Failure } from "@parley/base";
import { systemFiles } from "@parley/engine-embedded";
import { INSTALLATION, type Keyring, type MasterKeySource } from "@parley/keys";
import { readMasterKey } from "./open-keyring.js";
import { type KeysFolder, leaveOwnMaster, renewOwnMaster } from "./own-master-key.js";

export interface KeyStatus {
  /** The last opening that has sealed. */
  readonly epoch: number;
  /** The one with the empty name is the installation itself. */
  readonly tenants: readonly {
    readonly tenant: string;
    readonly version: number;
    readonly createdMs: number;
    readonly dataKeys: number;
    readonly shreddedConversations: number;
  }[];
  readonly shreddedTenants: readonly { readonly tenant: string; readonly atMs: number }[];
}

export interface KeyToolsOptions {
  readonly keyring: Keyring;
  readonly keysPath: string;
  /** Whether the master key is the one in the data directory. */
  readonly hasOwnMasterKey: boolean;
  readonly ambient: Ambient;
}

export class KeyTools {
  readonly #keyring: Keyring;
  readonly #folder: KeysFolder;
  readonly #ambient: Ambient;
  #hasOwnMasterKey: boolean;

  constructor({ keyring, keysPath, hasOwnMasterKey, ambient }: KeyToolsOptions) {
    this.#keyring = keyring;
    this.#folder = { path: keysPath, files: systemFiles };
    this.#hasOwnMasterKey = hasOwnMasterKey;
    this.#ambient = ambient;
  }

  status(): KeyStatus {
    const { epoch, tenants, dataKeys, destroyed } = this.#keyring.state;
    const counts = new Map<string, number>();
    for (const { tenant } of dataKeys.values()) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    return {
      epoch,
      tenants: [...tenants.values()].map(({ tenant, version, createdMs, shredded }) => ({
        tenant,
        version,
        createdMs,
        dataKeys: counts.get(tenant) ?? 0,
        shreddedConversations: Object.keys(shredded).length,
      })),
      shreddedTenants: destroyed.map((each) => ({ tenant: each.destroyed, atMs: each.atMs })),
    };
  }

  /** Gives a tenant a new key; resolves with its version. Errors: "tenant-has-no-key". */
  async rotate(tenant: string): Promise<number> {
    if (!this.#keyring.state.tenants.has(tenant)) throw noKey(tenant);
    await this.#keyring.rotateTenant(tenant);
    this.#ambient.logger.info("tenant-key-rotated", { tenant });
    return this.#keyring.state.tenants.get(tenant)!.version;
  }

  /**
   * Puts another master key in force: the one that a source gives, or a new one in the data directory. One that is there
   * and is replaced by another source is removed. Errors: those of the source, "master-key-elsewhere".
   */
  async rotateMaster(source: MasterKeySource | undefined): Promise<void> {
    if (source !== undefined) {
      await leaveOwnMaster(this.#keyring, this.#folder, await readMasterKey(source));
      this.#hasOwnMasterKey = false;
    } else {
      if (!this.#hasOwnMasterKey) throw elsewhere();
      await renewOwnMaster(this.#keyring, this.#folder, this.#ambient.random);
    }
    this.#ambient.logger.info("master-key-rotated");
  }

  /** Errors: "tenant-has-no-key". */
  async shredTenant(tenant: string): Promise<void> {
    if (tenant === INSTALLATION || !this.#keyring.state.tenants.has(tenant)) throw noKey(tenant);
    await this.#keyring.shredTenant(tenant);
    this.#ambient.logger.warn("tenant-shredded", { tenant });
  }

  /** Errors: "tenant-has-no-key", "shred-limit". */
  async shredConversation(tenant: string, conversation: string): Promise<void> {
    if (!this.#keyring.state.tenants.has(tenant)) throw noKey(tenant);
    await this.#keyring.shredConversation(tenant, conversation);
    this.#ambient.logger.warn("conversation-shredded", { tenant, conversation });
  }
}

function noKey(tenant: string): Failure {
  return new Failure(
    "tenant-has-no-key",
    `There is no key of a tenant "${tenant}". "parley keys status" lists those there are.`,
    { retry: "after-change" },
  );
}

function elsewhere(): Failure {
  return new Failure(
    "master-key-elsewhere",
    "The master key is not in the data directory: name the next one with --new-master-key-file.",
    { retry: "after-change" },
  );
}
