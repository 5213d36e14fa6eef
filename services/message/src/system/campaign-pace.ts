/**
 * When campaigns send: one batch after another, over all campaigns, in what time people leave them.
 *
 *   nobody else sends        BATCH_MAX at a time, at once
 *   people send              BATCH_AMONG_PEOPLE at a time, and then a pause of PAUSE_FACTOR times as long as that took
 *   people wait for the log  not before they have their verdicts
 *
 * Both waits are bounded, so that a campaign ends however busy people are.
 */
import { type Clock, type Scheduler, TaskQueue, sleep } from "@parley/base";
import type { ConversationRecord, Verdict } from "@parley/domain";
import type { Processor } from "../processor.js";

/** A batch takes the processor for some milliseconds: who sends meanwhile waits so long. */
const BATCH_MAX = 32;
const BATCH_AMONG_PEOPLE = 4;
const PAUSE_FACTOR = 4;
const PAUSE_MS_MAX = 50;
/** People are there for so long after a record of theirs. */
const QUIET_MS = 1_000;
/** So many records of others that wait for their verdicts are usual. */
const BUSY_RECORDS = 32;
const WAIT_MS = 10;
/** With the pause, 40 sends a second in any case: 100,000 in less than an hour. */
const WAIT_MS_MAX = 50;

export interface CampaignPaceOptions {
  readonly processor: Pick<Processor, "submit" | "waitingCount" | "submittedCount">;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

export class CampaignPace {
  readonly #options: CampaignPaceOptions;
  readonly #turns = new TaskQueue();
  /** Ours among the processor's records: those that wait for a verdict, and all. */
  #waitingCount = 0;
  #submittedCount = 0;
  /** Others' records when they were last counted, and when there were more of them than before. */
  #othersCount = 0;
  #othersMs = Number.NEGATIVE_INFINITY;

  constructor(options: CampaignPaceOptions) {
    this.#options = options;
  }

  /** Runs `send` when it is its turn, with as many sends as it may make. */
  turn(send: (count: number) => Promise<void>): Promise<void> {
    const { clock, scheduler } = this.#options;
    return this.#turns.run(async () => {
      const hasWaited = await this.#waitForPeople();
      const isAmongPeople = this.#hasPeople() || hasWaited;
      const beganMs = clock.monotonicMs();
      await send(isAmongPeople ? BATCH_AMONG_PEOPLE : BATCH_MAX);
      const tookMs = clock.monotonicMs() - beganMs;
      if (isAmongPeople) await sleep(scheduler, Math.min(tookMs * PAUSE_FACTOR, PAUSE_MS_MAX));
    });
  }

  /** As the processor's, known as a campaign's. */
  async submit(record: ConversationRecord): Promise<Verdict> {
    this.#submittedCount += 1;
    this.#waitingCount += 1;
    try {
      return await this.#options.processor.submit(record);
    } finally {
      this.#waitingCount -= 1;
    }
  }

  #hasPeople(): boolean {
    const { processor, clock } = this.#options;
    const others = processor.submittedCount - this.#submittedCount;
    if (others !== this.#othersCount) this.#othersMs = clock.monotonicMs();
    this.#othersCount = others;
    return clock.monotonicMs() - this.#othersMs < QUIET_MS;
  }

  /** Resolves with whether it had to wait. */
  async #waitForPeople(): Promise<boolean> {
    const { processor, scheduler } = this.#options;
    for (let waitedMs = 0; waitedMs < WAIT_MS_MAX; waitedMs += WAIT_MS) {
      if (processor.waitingCount - this.#waitingCount <= BUSY_RECORDS) return waitedMs > 0;
      await sleep(scheduler, WAIT_MS);
    }
    return true;
  }
}
