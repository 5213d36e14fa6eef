/**
 * When what was merged is told. The conversation machine marks what it did not tell yet (reactions, read counts); this
 * one submits a record some time later that has all of it told. The machine knows no clock: here is the only one.
 *
 *   record applied, head has marks ──► waits for its window ──► spread record ──► applied, no marks ──► forgotten
 *
 *   W1  What is marked in a record that passed the Processor waits here, so it is told in the end.
 *   W2  A checkpoint does not pass the first record whose marks wait (`settledEnd`): after a crash it passes again, applied or
 *       not, and waits again.
 *
 * The window is short for who reacts now and then, and doubles each time that waiting ends soon after it ended before.
 */
import { type Clock, type Logger, LruMap, messageOf, type Scheduler, type Timer } from "@parley/base";
import {
  type ConversationKey,
  type ConversationRecord,
  type Verdict,
  conversationRecord,
  hasMarks,
} from "@parley/domain";
import { conversationName } from "./conversation-store.js";
import type { OnApplied } from "./processor.js";

/** People who watch a message see it move four times a second. */
const WINDOW_MS_MIN = 250;
/** As old as a count may be when thousands react. */
export const WINDOW_MS_MAX = 2_000;
/** So many windows after another one is soon. */
const HOT_WINDOWS = 2;
/** Conversations whose window is remembered. */
const HEATS_MAX = 10_000;
/** Conversations that wait for their window; beyond it none is waited for. */
const WAITING_MAX = 10_000;
/** After the log refused a spread. */
const RETRY_MS = 1_000;

export interface SpreadingOptions {
  readonly submit: (record: ConversationRecord) => Promise<Verdict>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** The longest window; 0: nothing is merged. Default 2,000. */
  readonly windowMsMax?: number;
}

interface Waiting {
  readonly key: ConversationKey;
  readonly partition: number;
  /** Of the first record with marks that wait. */
  readonly offset: number;
  timer: Timer | undefined;
  /** The spread on its way. */
  spread: Promise<void> | undefined;
}

interface Heat {
  readonly windowMs: number;
  /** What ends until then ends soon after the last one. */
  readonly untilMs: number;
}

export class Spreading {
  readonly #options: SpreadingOptions;
  readonly #windowMsMax: number;
  readonly #waiting = new Map<string, Waiting>();
  readonly #heats = new LruMap<string, Heat>();
  #isStopped = false;

  constructor(options: SpreadingOptions) {
    this.#options = options;
    this.#windowMsMax = options.windowMsMax ?? WINDOW_MS_MAX;
  }

  /** How long a change of this conversation may wait now, as its record says. */
  windowMs(key: ConversationKey): number {
    const heat = this.#heats.find(conversationName(key));
    const isHot = heat !== undefined && this.#options.clock.monotonicMs() < heat.untilMs;
    return Math.min(isHot ? heat.windowMs : WINDOW_MS_MIN, this.#windowMsMax);
  }

  /** Called by the Processor for every record that passes it. */
  readonly onApplied: OnApplied = ({ partition, offset }, { key, head }) => {
    const isMarked = head !== undefined && hasMarks(head);
    // Nearly always.
    if (!isMarked && this.#waiting.size === 0) return;
    const name = conversationName(key);
    const waiting = this.#waiting.get(name);
    if (isMarked) {
      if (waiting === undefined && !this.#isStopped) this.#wait(name, { key, partition, offset });
    } else if (waiting !== undefined) {
      waiting.timer?.cancel();
      this.#waiting.delete(name);
      this.#heatUp(name, key);
    }
  };

  /** How far a checkpoint may go that would go to `appliedEnd`. */
  settledEnd(partition: number, appliedEnd: number): number {
    let end = appliedEnd;
    for (const waiting of this.#waiting.values())
      if (waiting.partition === partition) end = Math.min(end, waiting.offset);
    return end;
  }

  /** Has everything told now that waits. What the log refuses goes on waiting. */
  async spreadAll(): Promise<void> {
    await Promise.all([...this.#waiting].map(([name, waiting]) => this.#spread(name, waiting)));
  }

  /** Has everything told and waits for no more. What the log refuses is found again at the next start. */
  async close(): Promise<void> {
    await this.spreadAll();
    this.stop();
  }

  /** Waits for no more. */
  stop(): void {
    this.#isStopped = true;
    for (const { timer } of this.#waiting.values()) timer?.cancel();
  }

  #wait(name: string, place: Pick<Waiting, "key" | "partition" | "offset">): void {
    const waiting: Waiting = { ...place, timer: undefined, spread: undefined };
    const delayMs = this.#waiting.size < WAITING_MAX ? this.windowMs(place.key) : 0;
    this.#waiting.set(name, waiting);
    this.#later(name, waiting, delayMs);
  }

  #later(name: string, waiting: Waiting, delayMs: number): void {
    waiting.timer = this.#options.scheduler.after(delayMs, () => {
      void this.#spread(name, waiting);
    });
  }

  /** Never rejects. */
  #spread(name: string, waiting: Waiting): Promise<void> {
    waiting.timer?.cancel();
    waiting.spread ??= this.#submit(name, waiting);
    return waiting.spread;
  }

  async #submit(name: string, waiting: Waiting): Promise<void> {
    const { submit, clock, logger } = this.#options;
    try {
      await submit(conversationRecord(waiting.key, clock.nowMs(), { spread: {} }));
    } catch (error) {
      logger.warn("spread-put-off", { error: messageOf(error) });
      waiting.spread = undefined;
      if (this.#waiting.get(name) === waiting && !this.#isStopped) this.#later(name, waiting, RETRY_MS);
    }
  }

  #heatUp(name: string, key: ConversationKey): void {
    const nowMs = this.#options.clock.monotonicMs();
    const heat = this.#heats.find(name);
    const isHot = heat !== undefined && nowMs < heat.untilMs;
    const windowMs = Math.min(isHot ? this.windowMs(key) * 2 : WINDOW_MS_MIN, this.#windowMsMax);
    this.#heats.put(name, { windowMs, untilMs: nowMs + windowMs * HOT_WINDOWS });
    this.#heats.cutTo(HEATS_MAX);
  }
}
