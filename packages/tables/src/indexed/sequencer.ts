/**
 * One queue for all writes, so that what a write reads first (conditions, the rows it replaces) is still true when it is
 * written. Writes that wait together become a group: one look at the tables, one write.
 *
 *   write ──(plain, and nothing waits)──────────────► engine
 *   write ──► waiting ──group──► prepare ──► write ──► engine
 *   join ───────────────────────────────┘   work in the background, with the next group: no write and no sync of its own
 *   alone ──► between two groups
 *
 * Invariants:
 *   1. Groups and tasks that are alone run one after another, and never beside a plain write.
 *   2. Writes take effect in the order of the calls: a plain write passes only when nothing is before it.
 *   3. One piece of work joins a group at most: writers wait for no more than that.
 */
import { Failure } from "@parley/base";
import type { Batch } from "../tables.js";

/** Calls that wait at a time. Beyond it they are refused: whoever writes that much does not wait for what it wrote. */
export const WAITING_WRITES_MAX = 100_000;

type Options = { readonly isDurable: boolean };

interface Waiting {
  readonly batches: readonly Batch[];
  readonly isDurable: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A group as it is written: `batches` goes down, `failures` holds why a batch of the group, by its index, does not. */
export interface PreparedGroup {
  /** Is durable before anything else of the group is written. */
  readonly first?: readonly Batch[];
  readonly batches: readonly Batch[];
  readonly failures: ReadonlyMap<number, Failure>;
  /** Called when the batches are written. */
  readonly onWritten?: () => void;
}

/** What joins a group. */
export interface Joining {
  readonly batches: readonly Batch[];
  /** Called when they are written, before anything else is. */
  readonly onWritten: () => void;
}

interface WaitingToJoin {
  /** Undefined when nothing joins. */
  readonly begin: () => Joining | undefined;
  readonly resolve: (hasJoined: boolean) => void;
  readonly reject: (error: unknown) => void;
}

const NO_GROUP: PreparedGroup = { batches: [], failures: new Map() };

export interface SequencerOptions {
  /** Whether a batch needs nothing but to be written. */
  readonly isPlain: (batch: Batch) => boolean;
  /** Looks at the tables and says what to write. Rejects when looking failed: nothing is written then. */
  readonly prepare: (batches: readonly Batch[]) => Promise<PreparedGroup>;
  readonly write: (batches: readonly Batch[], options: Options) => Promise<void>;
  /** Lets others run. */
  readonly turn: () => Promise<void>;
}

export class Sequencer {
  readonly #options: SequencerOptions;
  #waiting: Waiting[] = [];
  readonly #alone: (() => Promise<void>)[] = [];
  readonly #joining: WaitingToJoin[] = [];
  readonly #passing = new Set<Promise<unknown>>();
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: SequencerOptions) {
    this.#options = options;
  }

  /**
   * Writes batches in their turn.
   * Errors: "condition-failed", when all other batches of the call are written; "tables-busy"; "tables-closed"; whatever
   *   the engine says.
   */
  async write(batches: readonly Batch[], { isDurable }: Options): Promise<void> {
    this.#checkOpen();
    if (this.#running === undefined && batches.every(this.#options.isPlain)) {
      await this.#pass(batches, { isDurable });
      return;
    }
    if (this.#waiting.length >= WAITING_WRITES_MAX) {
      throw new Failure("tables-busy", `${WAITING_WRITES_MAX} writes wait for the tables. Try again later.`, {
        retry: "same",
      });
    }
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ batches, isDurable, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Runs a task while nothing is written: what it reads stays true until it has written. Rejects as the task does. */
  async alone<T>(task: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    return new Promise<T>((resolve, reject) => {
      this.#alone.push(() => task().then(resolve, reject));
      this.#running ??= this.#run();
    });
  }

  /**
   * Writes with the next group, or alone when nobody writes; durable. `begin` is called when it is known what the group writes,
   * and says what joins it, or that nothing does. Resolves with whether something did. Rejects as `begin` and the engine do.
   */
  async join(begin: () => Joining | undefined): Promise<boolean> {
    this.#checkOpen();
    return new Promise<boolean>((resolve, reject) => {
      this.#joining.push({ begin, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Refuses everything from now on, and resolves when what was taken is done. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    await this.#passed();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Failure("tables-closed", "The tables are closed.");
  }

  async #pass(batches: readonly Batch[], options: Options): Promise<void> {
    const passing = this.#options.write(batches, options);
    const settled = passing.catch(() => undefined).finally(() => this.#passing.delete(settled));
    this.#passing.add(settled);
    await passing;
  }

  async #passed(): Promise<void> {
    if (this.#passing.size > 0) await Promise.all(this.#passing);
  }

  // Never rejects: every failure goes to those whose write it was.
  async #run(): Promise<void> {
    // So that those who write in the same turn are in the first group already.
    await Promise.resolve();
    await this.#passed();
    while (this.#waiting.length > 0 || this.#joining.length > 0 || this.#alone.length > 0) {
      // Who has just been answered may write again: better with them than before them.
      if (this.#waiting.length === 0 && this.#joining.length > 0) await this.#options.turn();
      if (this.#waiting.length > 0 || this.#joining.length > 0) await this.#writeNext();
      await this.#alone.shift()?.();
    }
    this.#running = undefined;
  }

  async #writeNext(): Promise<void> {
    const group = this.#waiting;
    this.#waiting = [];
    let joining: WaitingToJoin | undefined;
    try {
      const prepared = await this.#prepare(group.flatMap((waiting) => waiting.batches));
      const { first = [] } = prepared;
      if (first.length > 0) await this.#options.write(first, { isDurable: true });
      joining = this.#joining.shift();
      const joined = joining === undefined ? undefined : begun(joining);
      const batches = joined === undefined ? prepared.batches : [...prepared.batches, ...joined.batches];
      const isDurable = joined !== undefined || group.some((waiting) => waiting.isDurable);
      if (batches.length > 0) await this.#options.write(batches, { isDurable });
      prepared.onWritten?.();
      joined?.onWritten();
      answer(group, prepared.failures);
      joining?.resolve(joined !== undefined);
    } catch (error) {
      for (const { reject } of group) reject(error);
      joining?.reject(error);
    }
  }

  async #prepare(batches: readonly Batch[]): Promise<PreparedGroup> {
    if (batches.length === 0) return NO_GROUP;
    if (batches.every(this.#options.isPlain)) return { batches, failures: NO_GROUP.failures };
    return this.#options.prepare(batches);
  }
}

/** What joins; its own failure is nobody else's. */
function begun({ begin, reject }: WaitingToJoin): Joining | undefined {
  try {
    return begin();
  } catch (error) {
    reject(error);
    return undefined;
  }
}

function answer(group: readonly Waiting[], failures: ReadonlyMap<number, Failure>): void {
  let first = 0;
  for (const { batches, resolve, reject } of group) {
    const end = first + batches.length;
    let failure: Failure | undefined;
    for (let index = first; index < end && failures.size > 0; index++) failure ??= failures.get(index);
    if (failure === undefined) resolve();
    else reject(failure);
    first = end;
  }
}
