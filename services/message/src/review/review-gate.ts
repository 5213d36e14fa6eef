/**
 * The review of contents before they are said: asks the reviewer, waits for it no longer than its deadline, and decides by the
 * tenant's policy when it does not answer.
 *
 *   reviewer answers at once       accept | refuse | replace            nothing is awaited
 *   reviewer answers later         the same, or after the deadline      open: accept · closed: "unavailable"
 */
import type { ForwardedBody } from "../forwarding.js";
import type { ReviewedContent, Reviewer, ReviewVerdict } from "@parley/contracts";
import { Failure, type Logger, type Scheduler, messageOf } from "@parley/base";
import type { Body, TenantId } from "@parley/protocol";
import { filesOf, type FindFile } from "./reviewed-files.js";

export const REVIEW_DEADLINE_MS = 300;
/** Reviews that are waited for at a time; beyond it there is no answer. */
export const REVIEWS_AT_A_TIME_MAX = 1000;

export interface ReviewGateOptions {
  readonly reviewer: Reviewer;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Default REVIEW_DEADLINE_MS. */
  readonly deadlineMs?: number;
  /** Whether contents pass when the reviewer does not answer. Default: they do not. */
  readonly isFailOpen?: (tenantId: TenantId) => boolean;
  /** Where there are files. */
  readonly findFile?: FindFile | undefined;
  /** Errors: whatever makes a replaced body one that nobody may say. */
  readonly checkedReplacement: (before: Body, after: Body | undefined) => Body;
}

/** What may be said, or why not. */
export type Passage = ForwardedBody & { readonly isReplaced: boolean };

/** Since the start. */
export interface ReviewCounts {
  readonly accepted: number;
  readonly refused: number;
  readonly replaced: number;
  /** Without an answer of the reviewer. */
  readonly passedOpen: number;
  readonly heldClosed: number;
  readonly waiting: number;
}

export class ReviewGate {
  readonly #options: ReviewGateOptions;
  #accepted = 0;
  #refused = 0;
  #replaced = 0;
  #passedOpen = 0;
  #heldClosed = 0;
  #waiting = 0;

  constructor(options: ReviewGateOptions) {
    this.#options = options;
  }

  counts(): ReviewCounts {
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      replaced: this.#replaced,
      passedOpen: this.#passedOpen,
      heldClosed: this.#heldClosed,
      waiting: this.#waiting,
    };
  }

  /** At once when the reviewer answers at once. Never fails: what may not be said is a passage with a failure. */
  pass(content: ReviewedContent): Passage | Promise<Passage> {
    let answer: ReviewVerdict | Promise<ReviewVerdict>;
    if (this.#waiting >= REVIEWS_AT_A_TIME_MAX) return this.#withoutAnswer(content, "busy");
    try {
      answer = this.#options.reviewer.review(content, filesOf(content, this.#options.findFile));
    } catch (error) {
      return this.#withoutAnswer(content, messageOf(error));
    }
    return answer instanceof Promise ? this.#wait(content, answer) : this.#decide(content, answer);
  }

  async #wait(content: ReviewedContent, answer: Promise<ReviewVerdict>): Promise<Passage> {
    const { scheduler, deadlineMs = REVIEW_DEADLINE_MS } = this.#options;
    this.#waiting += 1;
    try {
      const verdict = await new Promise<ReviewVerdict | "late">((resolve, reject) => {
        const timer = scheduler.after(deadlineMs, () => resolve("late"));
        answer.then(resolve, reject).finally(() => timer.cancel());
      });
      return verdict === "late" ? this.#withoutAnswer(content, "late") : this.#decide(content, verdict);
    } catch (error) {
      return this.#withoutAnswer(content, messageOf(error));
    } finally {
      this.#waiting -= 1;
    }
  }

  #decide(content: ReviewedContent, verdict: ReviewVerdict): Passage {
    if (verdict.kind === "accept") {
      this.#accepted += 1;
      return { body: content.body, isReplaced: false, failure: undefined };
    }
    if (verdict.kind === "refuse") {
      this.#refused += 1;
      return closed(
        new Failure("content-refused", "The review of contents does not let this pass.", {
          retry: "after-change",
        }),
      );
    }
    try {
      const body = this.#options.checkedReplacement(content.body, verdict.body);
      this.#replaced += 1;
      return { body, isReplaced: true, failure: undefined };
    } catch (error) {
      return this.#withoutAnswer(content, messageOf(error));
    }
  }

  #withoutAnswer({ tenantId, body }: ReviewedContent, reason: string): Passage {
    const isOpen = this.#options.isFailOpen?.(tenantId) === true;
    this.#options.logger.warn("review-without-answer", { tenantId, reason, isOpen });
    if (isOpen) {
      this.#passedOpen += 1;
      return { body, isReplaced: false, failure: undefined };
    }
    this.#heldClosed += 1;
    return closed(
      new Failure("unavailable", "The review of contents does not answer.", {
        retry: "same",
        retryAfterMs: 1_000,
      }),
    );
  }
}

function closed(failure: Failure): Passage {
  return { body: undefined, isReplaced: false, failure };
}
