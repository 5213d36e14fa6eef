/** Makes things due at fixed times, whatever becomes of those before. */

const TURN_MS = 1;

/**
 * What the timer is late, about a millisecond, counts as latency; looking at every turn of the event loop would not be late, but
 * would take a whole processor from the server.
 */
export class Pace {
  readonly #rate: number;
  readonly #isDue: (dueMs: number, index: number) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `rate` a second; `isDue` is told when each was due and how many were before it. */
  constructor(rate: number, isDue: (dueMs: number, index: number) => void) {
    this.#rate = rate;
    this.#isDue = isDue;
  }

  /** From now on, from the first. */
  start(): void {
    const beganMs = performance.now();
    let count = 0;
    const turn = (): void => {
      this.#timer = setTimeout(turn, TURN_MS);
      const due = Math.floor(((performance.now() - beganMs) * this.#rate) / 1000);
      for (; count < due; count++) this.#isDue(beganMs + ((count + 1) * 1000) / this.#rate, count);
    };
    this.stop();
    turn();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
