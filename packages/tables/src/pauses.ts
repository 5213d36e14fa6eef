import { type Clock, Failure, type Scheduler, type Timer } from "@parley/base";

/** Pauses of work in the background, which end at once when it has to stop. */
export class Pauses {
  readonly #scheduler: Scheduler;
  readonly #wakes = new Set<() => void>();
  #isStopped = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Errors: "tables-closed" once it is stopped. */
  async pause(delayMs: number): Promise<void> {
    if (this.#isStopped) throw new Failure("tables-closed", "The tables are closed.");
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#wakes.delete(wake);
        resolve();
      };
      this.#wakes.add(wake);
      timer = this.#scheduler.after(delayMs, wake);
    });
    timer?.cancel();
  }

  /** Works, and then pauses for `factor` times as long. Errors: also "tables-closed". */
  async after<T>(clock: Clock, factor: number, task: () => Promise<T>): Promise<T> {
    const beganMs = clock.monotonicMs();
    const result = await task();
    await this.pause((clock.monotonicMs() - beganMs) * factor);
    return result;
  }

  /** Ends every pause; the next one is refused. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    for (const wake of this.#wakes) wake();
  }
}
