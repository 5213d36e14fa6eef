/** Runs tasks one after another, in the order of the calls. */
export class TaskQueue {
  /** Ends when the last task that was asked for has ended, well or not. */
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves and rejects as the task does. The next one comes in any case: the failure is the caller's. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const own = this.#last.then(task);
    this.#last = own.catch(() => undefined);
    return own;
  }

  /** Resolves when everything that was asked for before the call has ended. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
