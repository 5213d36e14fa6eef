/** Loads some things at a time, what was asked for last first: that is on the screen. */

export interface LoadQueueOptions<T> {
  readonly atATime: number;
  /** What waits beyond it is given up, the oldest wish first. */
  readonly waitingMax: number;
  /** Never rejects. */
  readonly load: (item: T) => Promise<void>;
}

export class LoadQueue<T> {
  readonly #options: LoadQueueOptions<T>;
  #waiting: T[] = [];
  #loading = 0;

  constructor(options: LoadQueueOptions<T>) {
    this.#options = options;
  }

  /** Loads it next, once. */
  add(item: T): void {
    this.remove(item);
    this.#waiting.push(item);
    if (this.#waiting.length > this.#options.waitingMax) this.#waiting.shift();
    this.#loadNext();
  }

  /** Nobody waits for it any more; what is being loaded goes on. */
  remove(item: T): void {
    this.#waiting = this.#waiting.filter((one) => one !== item);
  }

  /** Nothing more is loaded. */
  clear(): void {
    this.#waiting = [];
  }

  #loadNext(): void {
    while (this.#loading < this.#options.atATime) {
      const item = this.#waiting.pop();
      if (item === undefined) return;
      this.#loading += 1;
      void this.#options.load(item).finally(() => {
        this.#loading -= 1;
        this.#loadNext();
      });
    }
  }
}
