/** Makes things due at fixed times, whatever becomes of those before. */

const TURN_MS = 1;

/**
 * What the timer is late, about a millisecond, counts as latency; looking at every turn of the event loop would not be late, but
 * would take a whole processor from the server.
 */
export class Pace {
  readonly #rate: number;
  readonly #isDue: (dueMs: number, index: number) => void;
  #isRunning = false;
  #count = 0;

  /** `rate` a second; `isDue` is told when each was due and how many were before it. */
  constructor(rate: number, isDue: (dueMs: number, index: number) => void) {
    this.#rate = rate;
    this.#isDue = isDue;
  }

  start(): void {
    this.#isRunning = true;
    const beganMs = performance.now();
    const turn = (): void => {
      if (!this.#isRunning) return;
      const due = Math.floor(((performance.now() - beganMs) * this.#rate) / 1000);
      for (; this.#count < due; this.#count += 1)
        this.#isDue(beganMs + ((this.#count + 1) * 1000) / this.#rate, this.#count);
      setTimeout(turn, TURN_MS);
    };
    turn();
  }

  stop(): void {
    this.#isRunning = false;
  }
}
