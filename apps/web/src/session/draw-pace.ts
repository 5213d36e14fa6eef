/**
 * When what changed is drawn: at once in quiet times; under load at a pace that leaves time for keys. What a drawing cost decides how
 * long the next one waits, so a slow machine draws less often and answers as soon. What waits is drawn together.
 *
 *   1. After a drawing there is `REST` times as long for everything else, at most `REST_MS_MAX`.
 *   2. A few that are cheap come without a wait: one message is mostly two changes, of the list and of the conversation.
 *   3. While a key has not been shown nothing else is drawn, so it waits for one drawing at most, which had begun before it.
 */

const REST = 4;
const REST_MS_MAX = 250;
/** Time that may be borrowed from the rests to come. */
const AHEAD_MS = 150;

/** The page's time and frames. */
export interface DrawClock {
  /** Of a clock that never goes back. */
  readonly nowMs: () => number;
  readonly after: (delayMs: number, run: () => void) => void;
  /** Runs when everything changed so far is on the screen. */
  readonly afterFrame: (run: () => void) => void;
  /** A page that is not seen has no frames, and its timers are late; nor are there keys. */
  readonly isSeen: () => boolean;
}

export class DrawPace {
  readonly #clock: DrawClock;
  readonly #waiting = new Set<() => void>();
  /** Until when the rests last of what was drawn so far. */
  #restedMs = -Infinity;
  #isDrawing = false;
  #isAnswering = false;
  #isPlanned = false;

  constructor(clock: DrawClock) {
    this.#clock = clock;
  }

  /** Calls `draw` soon: now, when there is time. What waits already is called once. */
  request(draw: () => void): void {
    this.#waiting.add(draw);
    if (this.#clock.isSeen()) this.#next();
    else this.#draw();
  }

  /** Calls `draw`, and everything that waits, now: somebody waits for it. */
  drawNow(draw: () => void): void {
    this.#waiting.add(draw);
    this.#draw();
  }

  /** Nobody wants it any more. */
  forget(draw: () => void): void {
    this.#waiting.delete(draw);
  }

  /** A key was pressed: what it does is shown before anything else. */
  onKey(): void {
    if (this.#isAnswering) return;
    this.#isAnswering = true;
    this.#clock.afterFrame(() => {
      this.#isAnswering = false;
      this.#next();
    });
  }

  #next(): void {
    if (this.#waiting.size === 0 || this.#isDrawing || this.#isAnswering || this.#isPlanned) return;
    const waitMs = this.#restedMs - AHEAD_MS - this.#clock.nowMs();
    if (waitMs <= 0) {
      this.#draw();
      return;
    }
    this.#isPlanned = true;
    this.#clock.after(waitMs, () => {
      this.#isPlanned = false;
      this.#next();
    });
  }

  #draw(): void {
    const beganMs = this.#clock.nowMs();
    const draws = [...this.#waiting];
    this.#waiting.clear();
    for (const draw of draws) draw();
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    this.#clock.afterFrame(() => {
      this.#isDrawing = false;
      const nowMs = this.#clock.nowMs();
      const costMs = nowMs - beganMs;
      const restedMs = Math.max(nowMs, this.#restedMs + costMs) + Math.min(REST_MS_MAX, costMs * REST);
      this.#restedMs = Math.min(restedMs, nowMs + AHEAD_MS + REST_MS_MAX);
      this.#next();
    });
  }
}

/** A page that goes out of sight has no more frames. */
const FRAME_MS_MAX = 250;

/** The clock of this page. */
export function pageDrawClock(): DrawClock {
  return {
    nowMs: () => performance.now(),
    after: (delayMs, run) => void setTimeout(run, delayMs),
    isSeen: () => document.visibilityState === "visible",
    afterFrame: (run) => {
      let isDone = false;
      const done = (): void => {
        if (isDone) return;
        isDone = true;
        clearTimeout(timer);
        run();
      };
      const timer = setTimeout(done, FRAME_MS_MAX);
      const drawn = new MessageChannel();
      drawn.port1.addEventListener("message", done, { once: true });
      drawn.port1.start();
      // Before the frame is drawn; the message comes after it.
      requestAnimationFrame(() => drawn.port2.postMessage(undefined));
    },
  };
}
