import type { TopicConfirmations, UserKey } from "@parley/contracts";
import type { UserOutcome } from "@parley/domain";
import type { Write } from "@parley/tables";

/** Hears what comes into queues, and what devices have of them and of topics. */
export interface QueueListener extends TopicConfirmations {
  /**
   * What one record did to one user. Called in the turn in which it is staged, before it is offered to devices; what is returned is
   * written with it, in one batch. Must not throw.
   */
  onOutcome(outcome: UserOutcome, timeMs: number): readonly Write[];
  /** A device of the user has everything up to `pts`. */
  onConfirmed(user: UserKey, pts: number): void;
}
