/**
 * The keys of an installation: seals what is stored, and opens it again.
 *
 *   master key ──wraps──► tenant key ──wraps──► data key ──────────────────► rows of the tenant, commits of the log
 *   (not stored)              │                    │
 *                             └──wraps──► tree ──secret of a conversation──► HKDF ──► rows of the conversation
 *
 * A data key serves one tenant for a month, or for 2^28 seals, or until the store is closed, whatever comes first.
 */
import { type KeyObject, hkdfSync } from "node:crypto";
import { type Clock, Failure, LruMap, type Random, assert } from "@parley/base";
import { ConversationTree } from "./conversation-tree.js";
import { corruptSeal, corruptStore, missingKey } from "./errors.js";
import { monthOf, nextMonthMs } from "./key-period.js";
import type { KeyOwner } from "./key-owner.js";
import { type KeyStore, STORE_FILE } from "./key-store.js";
import {
  CONVERSATION_KIND,
  type SealHead,
  TENANT_KIND,
  bondBytes,
  bondedKey,
  openBytes,
  sealBytes,
  sealHead,
} from "./seal-format.js";
import type { DataKeyRecord, StoreState, TenantRecord } from "./store-state.js";
import { KEY_BYTES, secretKey, unwrap, wrap } from "./wrapping.js";

/** A key seals at most so often: far below where AES-GCM wears out. */
export const SEALS_PER_KEY_MAX = 2 ** 28;
/** Key numbers and epochs have four bytes. */
const NUMBER_MAX = 2 ** 32 - 1;
const DATA_KEYS_KEPT_MAX = 4_096;
const CONVERSATION_KEYS_KEPT_MAX = 20_000;
const TREES_KEPT_MAX = 256;
/** Of one tenant: each adds up to 64 seeds to its tree. */
export const CONVERSATIONS_SHREDDED_MAX = 10_000;

export interface KeyringOptions {
  readonly store: KeyStore;
  readonly clock: Clock;
  readonly random: Random;
  /** For tests of the limit. Default 2^28. */
  readonly sealsPerKeyMax?: number;
}

/** A key that may seal now. Use it in the turn in which it was given. */
export interface SealingKey extends SealHead {
  readonly key: KeyObject;
  readonly use: KeyUse;
}

interface KeyUse {
  readonly keyId: number;
  readonly untilMs: number;
  seals: number;
}

export class Keyring {
  readonly #store: KeyStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #sealsPerKeyMax: number;
  readonly #epoch: number;
  /** Seals of this opening so far, over all keys. */
  #counter = 0;
  /** The data key that seals for a tenant. */
  readonly #uses = new Map<string, KeyUse>();
  readonly #dataKeys = new LruMap<number, KeyObject>();
  readonly #conversationKeys = new LruMap<string, KeyObject>();
  readonly #trees = new LruMap<string, ConversationTree>();
  readonly #wanted = new Set<string>();
  #preparing: Promise<void> | undefined;

  constructor({ store, clock, random, sealsPerKeyMax }: KeyringOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#sealsPerKeyMax = sealsPerKeyMax ?? SEALS_PER_KEY_MAX;
    this.#epoch = store.state.epoch + 1;
    assert(this.#epoch <= NUMBER_MAX, "a key store is opened fewer than 2^32 times");
  }

  /** The store's content, for the tools. */
  get state(): StoreState {
    return this.#store.state;
  }

  /** The key to seal with; undefined when the tenant has none now: `prepare` it. */
  sealingKey({ tenant, conversation }: KeyOwner): SealingKey | undefined {
    const use = this.#uses.get(tenant);
    if (use === undefined || use.seals >= this.#sealsPerKeyMax || this.#clock.nowMs() >= use.untilMs) {
      return undefined;
    }
    const { keyId } = use;
    if (conversation === undefined) return { kind: TENANT_KIND, keyId, key: this.#dataKey(keyId), use };
    const key = this.#conversationKey(keyId, tenant, conversation);
    assert(key !== undefined, "a conversation's newest key is never a destroyed one");
    return { kind: CONVERSATION_KIND, keyId, key, use };
  }

  /**
   * Makes data keys for the tenants that have none to seal with. Calls at the same time share one change of the store.
   * Effects: they are durable. Errors: those of the files.
   */
  async prepare(tenants: Iterable<string>): Promise<void> {
    for (const tenant of tenants) this.#wanted.add(tenant);
    while (this.#wanted.size > 0) {
      this.#preparing ??= this.#makeDataKeys().finally(() => {
        this.#preparing = undefined;
      });
      await this.#preparing;
    }
    await this.#preparing;
  }

  /** Seals under a key that `sealingKey` gave in this turn. `open` must be given the same `aad`. */
  seal(key: SealingKey, aad: Uint8Array, plain: Uint8Array): Buffer {
    key.use.seals += 1;
    this.#counter += 1;
    return sealBytes(key, { epoch: this.#epoch, counter: this.#counter }, aad, plain);
  }

  /**
   * What was sealed; undefined when its key was destroyed. Without an owner, that of the seal is taken.
   * Errors: "key-missing", "seal-corrupt".
   */
  open(owner: KeyOwner | undefined, aad: Uint8Array, sealed: Uint8Array): Buffer | undefined {
    const head = sealHead(sealed);
    if (head === undefined) throw corruptSeal();
    const record = this.#findDataKey(head.keyId, owner);
    if (record === undefined) return undefined;
    const key = this.#keyOf(head, record, owner?.conversation);
    if (key === undefined) return undefined;
    const plain = openBytes(key, aad, sealed);
    if (plain === undefined) throw corruptSeal();
    return plain;
  }

  /** What stands in place of a value where there is none: it hides nothing, and goes with the key. A key as for `seal`. */
  bond({ keyId }: SealingKey): Uint8Array {
    return bondBytes(keyId);
  }

  /** Whether what a bond stands for is there: its key is not destroyed. Errors: as `open`. */
  isBound(owner: KeyOwner, bond: Uint8Array): boolean {
    const keyId = bondedKey(bond);
    if (keyId === undefined) throw corruptSeal();
    if (this.#findDataKey(keyId, owner) === undefined) return false;
    const { tenant, conversation } = owner;
    return conversation === undefined || this.#conversationKey(keyId, tenant, conversation) !== undefined;
  }

  /** Puts a new tenant key in force; only its data keys and its tree are wrapped again. Errors: those of the files. */
  async rotateTenant(tenant: string): Promise<void> {
    await this.#store.change((state) => {
      const before = state.tenants.get(tenant);
      assert(before !== undefined, "only a tenant that has keys is rotated");
      const tenantKey = this.#tenantKey(before);
      const version = before.version + 1;
      const secret = this.#random.bytes(KEY_BYTES);
      const newKey = secretKey(secret);
      const dataKeys = new Map(state.dataKeys);
      for (const record of state.dataKeys.values()) {
        if (record.tenant !== tenant) continue;
        const dataKey = this.#unwrapped(tenantKey, dataPurpose(record), record.key);
        dataKeys.set(record.dataKey, {
          ...record,
          key: wrap(newKey, dataPurpose(record), dataKey, this.#random),
        });
      }
      const tree = this.#unwrapped(tenantKey, treePurpose(tenant), before.tree);
      const after: TenantRecord = {
        ...before,
        version,
        createdMs: this.#clock.nowMs(),
        key: wrap(this.#store.master, tenantPurpose({ tenant, version }), secret, this.#random),
        tree: wrap(newKey, treePurpose(tenant), tree, this.#random),
      };
      return { ...state, dataKeys, tenants: new Map(state.tenants).set(tenant, after) };
    });
    // From now on it also seals under a new data key.
    this.#uses.delete(tenant);
  }

  /** Puts a new master key in force; only the tenant keys are wrapped again. Errors: those of the files. */
  async rotateMaster(master: Uint8Array): Promise<void> {
    const newMaster = secretKey(master);
    await this.#store.changeMaster(newMaster, this.#random, (state) => {
      const tenants = new Map(state.tenants);
      for (const [tenant, record] of state.tenants) {
        const secret = this.#unwrapped(this.#store.master, tenantPurpose(record), record.key);
        tenants.set(tenant, {
          ...record,
          key: wrap(newMaster, tenantPurpose(record), secret, this.#random),
        });
      }
      return { ...state, tenants };
    });
  }

  /** Destroys all keys of a tenant. What is sealed from now on under its name has new ones. Twice is as once. */
  async shredTenant(tenant: string): Promise<void> {
    await this.#store.change((state) => {
      if (!state.tenants.has(tenant)) return state;
      const tenants = new Map(state.tenants);
      tenants.delete(tenant);
      const dataKeys = new Map(state.dataKeys);
      const keyIds: number[] = [];
      for (const { dataKey, tenant: owner } of state.dataKeys.values()) {
        if (owner !== tenant) continue;
        keyIds.push(dataKey);
        dataKeys.delete(dataKey);
      }
      const destroyed = [...state.destroyed, { destroyed: tenant, atMs: this.#clock.nowMs(), keyIds }];
      return { ...state, tenants, dataKeys, destroyed };
    });
    this.#forget(tenant);
  }

  /**
   * Destroys the key of one conversation. What is sealed from now on under its name has a new one.
   * Errors: "shred-limit", those of the files.
   */
  async shredConversation(tenant: string, conversation: string): Promise<void> {
    await this.#store.change((state) => {
      const before = state.tenants.get(tenant);
      if (before === undefined) return state;
      const times = before.shredded[conversation] ?? [];
      // Nothing was sealed since the last time.
      if (times.at(-1) === state.nextKey) return state;
      if (Object.keys(before.shredded).length >= CONVERSATIONS_SHREDDED_MAX) throw tooManyShredded(tenant);
      const tree = this.#tree(before).without(nameInTree(conversation, times.length));
      const after: TenantRecord = {
        ...before,
        tree: wrap(this.#tenantKey(before), treePurpose(tenant), tree.bytes(), this.#random),
        shredded: { ...before.shredded, [conversation]: [...times, state.nextKey] },
      };
      return { ...state, tenants: new Map(state.tenants).set(tenant, after) };
    });
    this.#forget(tenant);
  }

  /** Drops everything of a tenant from memory, and its data key from use. */
  #forget(tenant: string): void {
    this.#uses.delete(tenant);
    this.#trees.delete(tenant);
    this.#dataKeys.cutTo(0);
    this.#conversationKeys.cutTo(0);
  }

  async #makeDataKeys(): Promise<void> {
    // One turn, so that those who call in the same one are served together.
    await Promise.resolve();
    const tenants = [...this.#wanted].filter((tenant) => this.sealingKey({ tenant }) === undefined);
    const made = new Map<string, KeyUse>();
    const untilMs = nextMonthMs(this.#clock.nowMs());
    if (tenants.length > 0) {
      await this.#store.change((state) => {
        const all = { tenants: new Map(state.tenants), dataKeys: new Map(state.dataKeys) };
        let { nextKey } = state;
        for (const tenant of tenants) {
          const record = all.tenants.get(tenant) ?? this.#newTenant(tenant);
          all.tenants.set(tenant, record);
          all.dataKeys.set(nextKey, this.#newDataKey(nextKey, record));
          made.set(tenant, { keyId: nextKey, untilMs, seals: 0 });
          nextKey += 1;
        }
        assert(nextKey <= NUMBER_MAX, "a key store makes fewer than 2^32 data keys");
        return { ...state, ...all, nextKey, epoch: this.#epoch };
      });
    }
    for (const [tenant, use] of made) this.#uses.set(tenant, use);
    for (const tenant of this.#wanted) {
      if (this.sealingKey({ tenant }) !== undefined) this.#wanted.delete(tenant);
    }
  }

  #newTenant(tenant: string): TenantRecord {
    const secret = this.#random.bytes(KEY_BYTES);
    const tree = ConversationTree.plant(this.#random);
    return {
      tenant,
      version: 1,
      createdMs: this.#clock.nowMs(),
      key: wrap(this.#store.master, tenantPurpose({ tenant, version: 1 }), secret, this.#random),
      tree: wrap(secretKey(secret), treePurpose(tenant), tree.bytes(), this.#random),
      shredded: {},
    };
  }

  #newDataKey(dataKey: number, owner: TenantRecord): DataKeyRecord {
    const place = { dataKey, tenant: owner.tenant, month: monthOf(this.#clock.nowMs()), epoch: this.#epoch };
    const secret = this.#random.bytes(KEY_BYTES);
    return { ...place, key: wrap(this.#tenantKey(owner), dataPurpose(place), secret, this.#random) };
  }

  /** Undefined when it is destroyed. Errors: "key-missing"; "seal-corrupt" when it is not the owner's. */
  #findDataKey(keyId: number, owner: KeyOwner | undefined): DataKeyRecord | undefined {
    const record = this.state.dataKeys.get(keyId);
    if (record === undefined) {
      if (this.state.destroyed.some(({ keyIds }) => keyIds.includes(keyId))) return undefined;
      throw missingKey(keyId);
    }
    if (owner !== undefined && owner.tenant !== record.tenant) throw corruptSeal();
    return record;
  }

  #keyOf(head: SealHead, record: DataKeyRecord, conversation: string | undefined): KeyObject | undefined {
    if (head.kind === TENANT_KIND) return this.#dataKey(head.keyId);
    if (conversation === undefined) throw corruptSeal();
    return this.#conversationKey(head.keyId, record.tenant, conversation);
  }

  #dataKey(keyId: number): KeyObject {
    const known = this.#dataKeys.find(keyId);
    if (known !== undefined) return known;
    const record = this.state.dataKeys.get(keyId)!;
    const tenantKey = this.#tenantKey(this.#tenant(record.tenant));
    const key = secretKey(this.#unwrapped(tenantKey, dataPurpose(record), record.key));
    this.#dataKeys.put(keyId, key);
    this.#dataKeys.cutTo(DATA_KEYS_KEPT_MAX);
    return key;
  }

  /** Undefined when the conversation that was sealed under this data key is destroyed. */
  #conversationKey(keyId: number, tenant: string, conversation: string): KeyObject | undefined {
    const name = `${keyId} ${conversation}`;
    const known = this.#conversationKeys.find(name);
    if (known !== undefined) return known;
    const record = this.#tenant(tenant);
    const times = record.shredded[conversation] ?? [];
    const life = times.filter((firstKey) => firstKey <= keyId).length;
    const secret = this.#tree(record).secretOf(nameInTree(conversation, life));
    if (secret === undefined) return undefined;
    const dataKey = this.#dataKey(keyId);
    const derived = hkdfSync("sha256", dataKey, secret, "parley conversation", KEY_BYTES);
    const key = secretKey(new Uint8Array(derived));
    this.#conversationKeys.put(name, key);
    this.#conversationKeys.cutTo(CONVERSATION_KEYS_KEPT_MAX);
    return key;
  }

  #tree(record: TenantRecord): ConversationTree {
    const { tenant } = record;
    const known = this.#trees.find(tenant);
    if (known !== undefined) return known;
    const tree = ConversationTree.parse(
      this.#unwrapped(this.#tenantKey(record), treePurpose(tenant), record.tree),
    );
    if (tree === undefined) throw corruptStore(STORE_FILE, 0, `the tree of ${tenant} is malformed`);
    this.#trees.put(tenant, tree);
    this.#trees.cutTo(TREES_KEPT_MAX);
    return tree;
  }

  #tenant(tenant: string): TenantRecord {
    const record = this.state.tenants.get(tenant);
    if (record === undefined) throw corruptStore(STORE_FILE, 0, `tenant ${tenant} has no key`);
    return record;
  }

  #tenantKey(record: TenantRecord): KeyObject {
    return secretKey(this.#unwrapped(this.#store.master, tenantPurpose(record), record.key));
  }

  #unwrapped(under: KeyObject, purpose: string, wrapped: string): Buffer {
    const secret = unwrap(under, purpose, wrapped);
    if (secret === undefined) throw corruptStore(STORE_FILE, 0, `the key for "${purpose}" does not open`);
    return secret;
  }
}

function tenantPurpose({ tenant, version }: { readonly tenant: string; readonly version: number }): string {
  return `parley tenant ${tenant} ${version}`;
}

function treePurpose(tenant: string): string {
  return `parley tree ${tenant}`;
}

function dataPurpose({ tenant, dataKey, month, epoch }: Omit<DataKeyRecord, "key">): string {
  return `parley data ${tenant} ${dataKey} ${month} ${epoch}`;
}

/** A conversation that is begun again after it was destroyed is another one. */
function nameInTree(conversation: string, life: number): string {
  return life === 0 ? conversation : `${conversation} ${life}`;
}

function tooManyShredded(tenant: string): Failure {
  return new Failure(
    "shred-limit",
    `${CONVERSATIONS_SHREDDED_MAX} conversations of ${tenant} are destroyed already. Delete others instead.`,
    { retry: "after-change" },
  );
}
