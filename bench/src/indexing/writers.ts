/**
 * Writers of a table: each write is one batch for one conversation, durable when it is answered. Of ten, three add a message,
 * five change one, two delete one.
 */
import type { Batch, IndexedTables, Write } from "@parley/tables";
import { Histogram } from "../histogram.js";
import { CONVERSATIONS, messagePut, partitionOfConversation, PLAIN_MESSAGE } from "./rows.js";

const TICK_MS = 1;
/** Writes without an answer; more means that the tables do not keep up. */
const IN_FLIGHT_MAX = 50_000;

export interface WritersPlan {
  readonly tables: IndexedTables;
  /** Rows of each conversation when the writers begin. */
  readonly rowsPerConversation: number;
  /** Numbers in [0, 1). */
  readonly unit: () => number;
  /** Sequences above those of other writers, so that what is added is new. */
  readonly firstSequence: number;
}

export class Writers {
  readonly #plan: WritersPlan;
  readonly #inFlight = new Set<Promise<void>>();
  #histogram = new Histogram();
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
        await this.#plan.tables.write([this.#batch()], { isDurable: true });
        written += 1;
      }
    };
    await Promise.all(Array.from({ length: writers }, write));
    return written / seconds;
  }

  /** Begins to write at fixed times, whatever the tables do: latency counts from when a write was due. */
  start(perSecond: number): void {
    let dueMs = performance.now();
    this.#timer = setInterval(() => {
      for (const nowMs = performance.now(); dueMs <= nowMs; dueMs += 1000 / perSecond) this.#writeDue(dueMs);
    }, TICK_MS);
  }

  /** What was measured since it was last asked. */
  takeLatencies(): Histogram {
    const taken = this.#histogram;
    this.#histogram = new Histogram();
    return taken;
  }

  /** Errors: what a write met. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  #writeDue(dueMs: number): void {
    if (this.#inFlight.size >= IN_FLIGHT_MAX) {
      this.#failure ??= new Error(`${IN_FLIGHT_MAX} writes are without an answer.`);
      return;
    }
    const writing = this.#plan.tables
      .write([this.#batch()], { isDurable: true })
      .then(
        () => this.#histogram.add(performance.now() - dueMs),
        (error: unknown) => {
          this.#failure ??= error;
        },
      )
      .finally(() => this.#inFlight.delete(writing));
    this.#inFlight.add(writing);
  }

  #batch(): Batch {
    const { unit, rowsPerConversation } = this.#plan;
    const partition = partitionOfConversation(Math.floor(unit() * CONVERSATIONS));
    const kind = unit();
    const known = 1 + Math.floor(unit() * rowsPerConversation);
    const sender = Math.floor(unit() * 256);
    let write: Write;
    if (kind < 0.3) write = messagePut(PLAIN_MESSAGE, (this.#sequence += 1), sender, true);
    else if (kind < 0.8) write = messagePut(PLAIN_MESSAGE, known, sender, false);
    else write = { kind: "delete", table: PLAIN_MESSAGE, sort: [known] };
    return { partition, writes: [write] };
  }
}
