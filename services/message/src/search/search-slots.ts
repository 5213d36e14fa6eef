/** How many searches run at a time, of one user and of all; some more wait in the order in which they came. */
import { Failure, Slots } from "@parley/base";

/** Each keeps the processor for about two milliseconds at a time before others go on, who send and read. */
export const SEARCHES_MAX = 4;
export const SEARCHES_WAITING_MAX = 256;
/** Those that wait included. */
export const SEARCHES_PER_USER_MAX = 2;
const REFUSAL = "Too many searches at a time.";

export class SearchSlots {
  /** How many each user has. */
  readonly #ofUser = new Map<string, number>();
  readonly #slots = new Slots({
    runningMax: SEARCHES_MAX,
    waitingMax: SEARCHES_WAITING_MAX,
    refusal: REFUSAL,
  });

  /** Runs a search of a user when it is its turn. Errors: "too-many-requests"; those of the search. */
  async run<T>(user: string, search: () => Promise<T>): Promise<T> {
    const ofUser = this.#ofUser.get(user) ?? 0;
    if (ofUser >= SEARCHES_PER_USER_MAX) throw new Failure("too-many-requests", REFUSAL, { retry: "same" });
    this.#ofUser.set(user, ofUser + 1);
    try {
      return await this.#slots.run(search);
    } finally {
      const left = this.#ofUser.get(user)! - 1;
      if (left === 0) this.#ofUser.delete(user);
      else this.#ofUser.set(user, left);
    }
  }
}
