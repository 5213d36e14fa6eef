import { type Clock, type Scheduler, sleep } from "@parley/base";

/** Work ahead of its time by less than this does not wait: timers are not finer. */
const AHEAD_MS_MAX = 5;
/** The longest single wait, so that whoever is told to stop does. */
const WAIT_MS_MAX = 500;

/** Keeps copying below a rate. */
export interface Throttle {
  /** Waits until so many bytes more are within the rate. */
  take(bytes: number): Promise<void>;
}

/** `bytesPerSecond` 0 is no limit. `check` is asked while waiting and may throw. */
export function createThrottle(
  bytesPerSecond: number,
  { clock, scheduler }: { readonly clock: Clock; readonly scheduler: Scheduler },
  check: () => void,
): Throttle {
  // When what has been taken so far is paid for.
  let paidMs = clock.monotonicMs();
  return {
    async take(bytes) {
      check();
      if (bytesPerSecond === 0) return;
      paidMs = Math.max(paidMs, clock.monotonicMs()) + (bytes * 1000) / bytesPerSecond;
      for (;;) {
        const aheadMs = paidMs - clock.monotonicMs();
        if (aheadMs <= AHEAD_MS_MAX) return;
        await sleep(scheduler, Math.min(aheadMs, WAIT_MS_MAX));
        check();
      }
    },
  };
}
