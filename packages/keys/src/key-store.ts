/**
 * The key store: a file that is replaced as a whole whenever something in it changes.
 *
 *   new state ─► store.new, written and synced ─► renamed to store, names synced ─► in force
 *
 * Invariants:
 *   1. Nothing is in force before it is durable, so nothing is ever sealed under a key that a crash could lose.
 *   2. At any moment the file holds one whole state: the one before a change, or the one after it.
 *   3. What a change leaves out is in no live file afterwards: a destroyed key is gone from it.
 */
import type { KeyObject } from "node:crypto";
import { Failure, type Random, TaskQueue } from "@parley/base";
import { wrongMasterKey } from "./errors.js";
import type { KeyFiles } from "./key-files.js";
import { type StoreState, decodeStore, encodeStore } from "./store-state.js";
import { unwrap, wrap } from "./wrapping.js";

export const STORE_FILE = "store";
const DRAFT_FILE = "store.new";
const CHECK_PURPOSE = "parley check";
const CHECK = Buffer.from("parley key store", "utf8");

export class KeyStore {
  readonly #files: KeyFiles;
  #state: StoreState;
  #master: KeyObject;
  readonly #changes = new TaskQueue();

  private constructor(files: KeyFiles, master: KeyObject, state: StoreState) {
    this.#files = files;
    this.#master = master;
    this.#state = state;
  }

  /**
   * Reads the store and checks the master key against it. Effects: nothing on the disk.
   * Errors: "keys-corrupt", "master-key-wrong", "key-store-missing".
   */
  static async open(files: KeyFiles, master: KeyObject): Promise<KeyStore> {
    const bytes = await files.read(STORE_FILE);
    const path = `${files.path}/${STORE_FILE}`;
    if (bytes === undefined) {
      throw new Failure(
        "key-store-missing",
        `${path} is missing, and without it nothing can be read. Restore the keys directory from a backup.`,
        { retry: "after-change" },
      );
    }
    const state = decodeStore(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), path);
    if (!isMasterOf(state, master)) throw wrongMasterKey(path);
    return new KeyStore(files, master, state);
  }

  /** Makes an empty store. */
  static async create(files: KeyFiles, master: KeyObject, random: Random): Promise<KeyStore> {
    const check = wrap(master, CHECK_PURPOSE, CHECK, random);
    const state = { epoch: 0, nextKey: 1, check, tenants: new Map(), dataKeys: new Map(), destroyed: [] };
    const store = new KeyStore(files, master, state);
    await store.change(() => state);
    return store;
  }

  get state(): StoreState {
    return this.#state;
  }

  get master(): KeyObject {
    return this.#master;
  }

  /** Replaces the state by what `next` makes of it; changes take turns. Errors: those of the files; nothing has changed then. */
  async change(next: (state: StoreState) => StoreState): Promise<void> {
    await this.#changes.run(async () => {
      const state = next(this.#state);
      await this.#save(state);
      this.#state = state;
    });
  }

  /** Puts another master key in force. `rewrap` turns what the old one wraps into what the new one wraps. */
  async changeMaster(
    master: KeyObject,
    random: Random,
    rewrap: (state: StoreState) => StoreState,
  ): Promise<void> {
    await this.#changes.run(async () => {
      const state = { ...rewrap(this.#state), check: wrap(master, CHECK_PURPOSE, CHECK, random) };
      await this.#save(state);
      this.#state = state;
      this.#master = master;
    });
  }

  async #save(state: StoreState): Promise<void> {
    await this.#files.write(DRAFT_FILE, encodeStore(state));
    await this.#files.rename(DRAFT_FILE, STORE_FILE);
  }
}

function isMasterOf({ check }: StoreState, master: KeyObject): boolean {
  return unwrap(master, CHECK_PURPOSE, check)?.equals(CHECK) === true;
}
