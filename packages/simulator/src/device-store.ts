/**
 * The local store of a simulated device: it outlives the device's process, and a crash forgets the newest commits that
 * were not durable yet: always a last stretch of them, as the port promises.
 */
import {
  type Change,
  type ClientStore,
  type MessageRange,
  type StoreState,
  leadLost,
  StoreImage,
} from "@parley/client";
import type { ConversationId, Message } from "@parley/protocol";
import type { Kernel, Process } from "./kernel.js";
import type { SeededRandom } from "./seeded-random.js";

const COMMIT_MS_MEAN = 1;

export interface DeviceStoreOptions {
  /** Told of every commit when it is durable. */
  readonly onCommitted: (changes: readonly Change[], process: string) => void;
}

export class DeviceStore {
  readonly #random: SeededRandom;
  readonly #options: DeviceStoreOptions;
  #durable = new StoreImage();
  /** Everything that was committed, durable or not. */
  #visible = new StoreImage();
  /** Commits that are not durable, oldest first. */
  #waiting: { readonly changes: readonly Change[]; readonly process: string }[] = [];
  /** The newest commit of any tab: they become durable in order. */
  #lastOfTabs: Promise<void> = Promise.resolve();
  /** Counts the ends of the browser. */
  #browser = 0;

  constructor(random: SeededRandom, options: DeviceStoreOptions) {
    this.#random = random;
    this.#options = options;
  }

  /** What survives a crash of the process that comes now. */
  crash(): void {
    const survivors = this.#waiting.slice(0, this.#random.integer(this.#waiting.length + 1));
    for (const { changes, process } of survivors) this.#makeDurable(changes, process);
    this.#waiting = [];
    this.#browser += 1;
    this.#lastOfTabs = Promise.resolve();
    const image = new StoreImage();
    image.apply([...this.#durable.asChanges()]);
    this.#visible = image;
  }

  /** Everything is gone, as when a browser clears its storage. */
  clear(): void {
    this.#waiting = [];
    this.#durable = new StoreImage();
    this.#visible = new StoreImage();
  }

  get position(): { readonly epoch: number; readonly pts: number } {
    return this.#visible.state().position;
  }

  /** What is stored of a conversation. */
  messages(conversationId: ConversationId, range: MessageRange): readonly Message[] {
    return this.#visible.messages(conversationId, range);
  }

  /** The store as a process of the device opens it. */
  mount(process: Process): ClientStore {
    const wait = (): Promise<void> =>
      process.sleep(this.#random.waitMs(COMMIT_MS_MEAN), `${process.name} store`);
    let last: Promise<void> = Promise.resolve();
    return {
      load: (isLeading) => this.#load(process, wait, isLeading),
      commit: (changes, leader) => {
        if (!this.#visible.isLedBy(leader)) return Promise.reject(leadLost());
        this.#visible.apply(changes);
        this.#waiting.push({ changes, process: process.name });
        const before = last;
        last = (async () => {
          await before;
          await wait();
          // Those before are durable already: commits become so in order.
          this.#waiting.shift();
          this.#makeDurable(changes, process.name);
        })();
        return last;
      },
      readMessages: async (conversationId, range) => {
        await wait();
        return this.#visible.messages(conversationId, range);
      },
      close: () => last,
      destroy: async () => {
        await last;
        this.clear();
      },
    };
  }

  /**
   * The store as one of several tabs opens it. What a tab has committed becomes durable though its process ends; only its
   * browser's end loses anything.
   */
  mountTab(process: Process, kernel: Kernel): ClientStore {
    const wait = (): Promise<void> =>
      process.sleep(this.#random.waitMs(COMMIT_MS_MEAN), `${process.name} store`);
    return {
      load: (isLeading) => this.#load(process, wait, isLeading),
      commit: (changes, leader) => {
        if (!this.#visible.isLedBy(leader)) return Promise.reject(leadLost());
        this.#visible.apply(changes);
        this.#waiting.push({ changes, process: process.name });
        const before = this.#lastOfTabs;
        const browser = this.#browser;
        const durable = (async () => {
          await before;
          await new Promise<void>((resolve) => {
            kernel.after(this.#random.waitMs(COMMIT_MS_MEAN), `${process.name} store`, resolve);
          });
          if (browser !== this.#browser) return;
          this.#waiting.shift();
          this.#makeDurable(changes, process.name);
        })();
        this.#lastOfTabs = durable;
        return new Promise((resolve) => {
          // Told to a process that lives.
          void durable.then(() => kernel.schedule(process, 0, `${process.name} stored`, resolve));
        });
      },
      readMessages: async (conversationId, range) => {
        await wait();
        return this.#visible.messages(conversationId, range);
      },
      close: () => this.#lastOfTabs,
      destroy: async () => {
        await this.#lastOfTabs;
        this.clear();
      },
    };
  }

  /** What is read is as it was when the lead was taken, which is durable in the same step. */
  async #load(process: Process, wait: () => Promise<void>, isLeading = false): Promise<StoreState> {
    await wait();
    if (isLeading) {
      const taken = [this.#visible.nextLead()];
      this.#visible.apply(taken);
      this.#makeDurable(taken, process.name);
    }
    return this.#visible.state();
  }

  #makeDurable(changes: readonly Change[], process: string): void {
    this.#durable.apply(changes);
    this.#options.onCommitted(changes, process);
  }
}
