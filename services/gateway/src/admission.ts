/**
 * Lets devices in at a steady rate. When all come back at once, as after a cut, whoever would wait for long is told when to
 * come: everybody gets a time of its own, so that they arrive one after another, and the people who stayed notice nothing.
 *
 *   A1  Over any time at most `perSecond` devices a second begin, beside a burst of BURST_MS.
 *   A2  At most WAIT_MS_MAX times `perSecond` devices wait here; they begin in the order in which they came.
 *   A3  Whoever is sent away is told a time, at most RETURN_MS_MAX away, that was told to nobody else of this rate.
 */
import type { Clock, Scheduler } from "@parley/base";

/** Devices that come within this time of each other are let in at once. */
const BURST_MS = 250;
/** A device waits here for at most this long. */
const WAIT_MS_MAX = 1_000;
const RETURN_MS_MAX = 5 * 60_000;
/** Of the rate, what is given to those who are told a time: others come as well. */
const BOOKED_SHARE = 0.9;

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly perSecond: number;
}

export interface AdmissionCounts {
  readonly admitted: number;
  readonly sentAway: number;
}

export class Admission {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #intervalMs: number;
  /** When the next device may begin, if all before it came evenly. */
  #nextMs = 0;
  /** The last time that was told to one who was sent away. */
  #bookedMs = 0;
  #admitted = 0;
  #sentAway = 0;

  constructor({ clock, scheduler, perSecond }: AdmissionOptions) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#intervalMs = 1000 / perSecond;
  }

  get counts(): AdmissionCounts {
    return { admitted: this.#admitted, sentAway: this.#sentAway };
  }

  /** Calls `begin` now or soon, and returns 0; or returns in how many milliseconds to come again. */
  admit(begin: () => void): number {
    const nowMs = this.#clock.monotonicMs();
    const waitMs = this.#nextMs - BURST_MS - nowMs;
    if (waitMs > WAIT_MS_MAX) {
      this.#sentAway += 1;
      const firstMs = Math.max(this.#bookedMs, this.#nextMs);
      this.#bookedMs = Math.min(firstMs + this.#intervalMs / BOOKED_SHARE, nowMs + RETURN_MS_MAX);
      return Math.max(1, Math.ceil(this.#bookedMs - nowMs));
    }
    this.#admitted += 1;
    this.#nextMs = Math.max(this.#nextMs, nowMs) + this.#intervalMs;
    if (waitMs <= 0) begin();
    else this.#scheduler.after(waitMs, begin);
    return 0;
  }
}
