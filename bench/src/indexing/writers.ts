/**
 * Writers of a table: each write is one batch for one conversation, durable when it is answered. Of ten, three add a message,
 * five change one, two delete one.
 */
import type { Batch, IndexedTables, TableSpec } from "@parley/tables";
import { Histogram } from "../histogram.js";
import { messagePut, partitionOfConversation } from "./rows.js";
import type { LoggedWrite, WriteLog } from "./write-log.js";

const TICK_MS = 1;
const SECOND_MS = 1_000;
/** Writes without an answer; more means that the tables do not keep up. */
const IN_FLIGHT_MAX = 50_000;

export interface WritersPlan {
  readonly tables: IndexedTables;
  readonly table: TableSpec;
  readonly conversations: number;
  /** Rows of each conversation when the writers begin. */
  readonly rowsPerConversation: number;
  /** Numbers in [0, 1). */
  readonly unit: () => number;
  /** Sequences above those of other writers, so that what is added is new. */
  readonly firstSequence: number;
  /** With it, what is written is noted there. */
  readonly log?: WriteLog;
}

/** What writers waited for. */
export interface Latencies {
  readonly all: Histogram;
  /** The p99 of each second, of which the median is taken: single seconds in which others kept the machine busy do not move it. */
  readonly medianP99Ms: number;
}

interface DueWrite extends LoggedWrite {
  readonly isNew: boolean;
}

export class Writers {
  readonly #plan: WritersPlan;
  readonly #inFlight = new Set<Promise<void>>();
  #all = new Histogram();
  #ofSecond = new Histogram();
  #p99OfSeconds: number[] = [];
  #sequence: number;
  #timer: NodeJS.Timeout | undefined;
  #failure: unknown;

  constructor(plan: WritersPlan) {
    this.#plan = plan;
    this.#sequence = plan.firstSequence;
  }

  /** Writes a second that `writers` reach who each wait for their answer. */
  async capacity(writers: number, seconds: number): Promise<number> {
    const endMs = performance.now() + seconds * 1000;
    let written = 0;
    const write = async (): Promise<void> => {
      while (performance.now() < endMs) {
        await this.#plan.tables.write([this.#batchOf(this.#nextWrite())], { isDurable: true });
        written += 1;
      }
    };
    await Promise.all(Array.from({ length: writers }, write));
    return written / seconds;
  }

  /** Begins to write at fixed times, whatever the tables do: latency counts from when a write was due. */
  start(perSecond: number): void {
    let dueMs = performance.now();
    const { log } = this.#plan;
    let secondEndsMs = dueMs + SECOND_MS;
    this.#timer = setInterval(() => {
      const issue: (() => void)[] = [];
      for (const nowMs = performance.now(); dueMs <= nowMs; dueMs += 1000 / perSecond) {
        const write = this.#nextWrite();
        const record = log?.issue(write);
        const atMs = dueMs;
        issue.push(() => this.#writeDue(write, atMs, () => record !== undefined && log?.acknowledge(record)));
      }
      log?.flush();
      for (const each of issue) each();
      if (dueMs < secondEndsMs) return;
      secondEndsMs = dueMs + SECOND_MS;
      this.#endSecond();
    }, TICK_MS);
  }

  /** What was measured since it was last asked. */
  takeLatencies(): Latencies {
    this.#endSecond();
    const seconds = this.#p99OfSeconds.toSorted((one, other) => one - other);
    const taken = { all: this.#all, medianP99Ms: seconds[Math.floor(seconds.length / 2)] ?? Number.NaN };
    this.#all = new Histogram();
    this.#p99OfSeconds = [];
    return taken;
  }

  /** Errors: what a write met. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  #endSecond(): void {
    if (this.#ofSecond.count > 0) this.#p99OfSeconds.push(this.#ofSecond.quantileMs(0.99));
    this.#ofSecond = new Histogram();
  }

  #writeDue(write: DueWrite, dueMs: number, onAcknowledged: () => void): void {
    // Ends the process: nothing that is measured from here on would mean anything.
    if (this.#inFlight.size >= IN_FLIGHT_MAX)
      throw new Error(
        `${IN_FLIGHT_MAX} writes are without an answer: the tables do not keep up. Is the machine busy?`,
      );
    const writing = this.#plan.tables
      .write([this.#batchOf(write)], { isDurable: true })
      .then(
        () => {
          const latencyMs = performance.now() - dueMs;
          this.#all.add(latencyMs);
          this.#ofSecond.add(latencyMs);
          onAcknowledged();
        },
        (error: unknown) => {
          this.#failure ??= error;
        },
      )
      .finally(() => this.#inFlight.delete(writing));
    this.#inFlight.add(writing);
  }

  #nextWrite(): DueWrite {
    const { unit, conversations, rowsPerConversation } = this.#plan;
    const conversation = Math.floor(unit() * conversations);
    const kind = unit();
    const known = 1 + Math.floor(unit() * rowsPerConversation);
    const sender = Math.floor(unit() * 256);
    if (kind < 0.3) return { conversation, sequence: (this.#sequence += 1), sender, isNew: true };
    return { conversation, sequence: known, sender: kind < 0.8 ? sender : undefined, isNew: false };
  }

  #batchOf({ conversation, sequence, sender, isNew }: DueWrite): Batch {
    const { table } = this.#plan;
    const partition = partitionOfConversation(conversation);
    if (sender === undefined) return { partition, writes: [{ kind: "delete", table, sort: [sequence] }] };
    return { partition, writes: [messagePut(table, sequence, sender, isNew)] };
  }
}
