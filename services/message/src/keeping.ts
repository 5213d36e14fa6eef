/** How long a conversation is kept, through the same log and machine as its messages. */
import { type Clock, Failure } from "@parley/base";
import {
  type ConversationChange,
  type ConversationKey,
  conversationRecord,
  DAYS_NEVER,
} from "@parley/domain";
import type { Processor } from "./processor.js";

/** In days; 0 is as the installation says, DAYS_NEVER never. */
export interface KeepingDays {
  readonly keepDays: number;
  readonly coldAfterDays: number;
}

export class Keeping {
  readonly #processor: Pick<Processor, "submit">;
  readonly #clock: Clock;

  constructor(options: { readonly processor: Pick<Processor, "submit">; readonly clock: Clock }) {
    this.#processor = options.processor;
    this.#clock = options.clock;
  }

  /**
   * Messages below `before` are no longer kept; the newest message stays all the same.
   * Effects: nobody sees them any more, on no device, and that is durable. Twice is safe. Their rows are still there.
   * Errors: "bad-request" when `before` is no sequence, "conversation-unknown"; those of Processor.submit.
   */
  async trim(key: ConversationKey, before: number): Promise<void> {
    if (!Number.isSafeInteger(before) || before < 1) {
      throw badRequest("A conversation is trimmed before a sequence, from 1 on.");
    }
    await this.#submit(key, { trim: { before } });
  }

  /**
   * Sets how long messages are kept, and when they go to the cold store. Nothing goes by this alone.
   * Errors: "bad-request" for a number of days that is none, "conversation-unknown"; those of Processor.submit.
   */
  async setKeeping(key: ConversationKey, { keepDays, coldAfterDays }: KeepingDays): Promise<void> {
    if (!isDays(keepDays) || !isDays(coldAfterDays)) {
      throw badRequest(`A number of days is a whole number from 0 to ${DAYS_NEVER}.`);
    }
    await this.#submit(key, { keeping: { keepDays, coldAfterDays } });
  }

  async #submit(key: ConversationKey, change: ConversationChange): Promise<void> {
    const verdict = await this.#processor.submit(conversationRecord(key, this.#clock.nowMs(), change));
    if (verdict.kind === "done") return;
    // Nobody asks here as a member: what the machine refuses is a conversation that it does not have.
    throw new Failure("conversation-unknown", "There is no such conversation.", { retry: "after-change" });
  }
}

function isDays(days: number): boolean {
  return Number.isSafeInteger(days) && days >= 0 && days <= DAYS_NEVER;
}

function badRequest(message: string): Failure {
  return new Failure("bad-request", message, { retry: "after-change" });
}
