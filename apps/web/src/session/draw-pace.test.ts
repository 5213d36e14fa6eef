import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { DrawPace } from "./draw-pace.js";

/** A page in which drawing takes `drawMs`, and frames follow at once. */
class ManualPage {
  nowMs = 0;
  isSeen = true;
  drawMs = 0;
  readonly drawn: number[] = [];
  readonly draw = (): void => {
    this.drawn.push(this.nowMs);
    this.nowMs += this.drawMs;
  };
  #tasks: { readonly atMs: number; readonly run: () => void }[] = [];
  readonly pace = new DrawPace({
    nowMs: () => this.nowMs,
    isSeen: () => this.isSeen,
    after: (delayMs, run) => void this.#tasks.push({ atMs: this.nowMs + delayMs, run }),
    afterFrame: (run) => void this.#tasks.push({ atMs: this.nowMs, run }),
  });

  /** Runs what is due until then. */
  until(untilMs: number): void {
    for (;;) {
      const next = this.#tasks.toSorted((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined || Math.max(next.atMs, this.nowMs) > untilMs) break;
      this.#tasks = this.#tasks.filter((task) => task !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** A change each `everyMs`. */
  flood(everyMs: number, untilMs: number): void {
    for (let atMs = this.nowMs; atMs < untilMs; atMs += everyMs) {
      this.until(atMs);
      this.pace.request(this.draw);
    }
  }
}

test("in quiet times each change is drawn at once", () => {
  const page = new ManualPage();
  page.drawMs = 20;
  for (const atMs of [0, 500, 1000]) {
    page.until(atMs);
    page.pace.request(page.draw);
    page.until(atMs + 25);
    page.pace.request(page.draw);
  }
  page.until(2000);
  deepEqual(page.drawn, [0, 25, 500, 525, 1000, 1025]);
});

test("under load four fifths of the time are left, whatever drawing costs", () => {
  const shares = [5, 20, 60].map((drawMs) => {
    const page = new ManualPage();
    page.drawMs = drawMs;
    page.flood(5, 1000);
    const before = page.drawn.length;
    page.flood(5, 11_000);
    return Math.round(((page.drawn.length - before) * drawMs) / 1000);
  });
  deepEqual(shares, [2, 2, 2]);
});

test("in a page that is not seen everything is told at once", () => {
  const page = new ManualPage();
  page.drawMs = 1;
  page.isSeen = false;
  page.flood(10, 500);
  deepEqual(page.drawn.length, 50);
});

test("what is drawn is never older than the longest rest", () => {
  const page = new ManualPage();
  page.drawMs = 400;
  page.flood(10, 20_000);
  const steps = page.drawn.slice(1).map((atMs, index) => atMs - page.drawn[index]!);
  deepEqual([Math.max(...steps) <= 400 + 250, page.drawn.length > 20], [true, true]);
});

test("what waits is drawn together, and once", () => {
  const page = new ManualPage();
  page.drawMs = 100;
  const other: number[] = [];
  page.flood(10, 1000);
  const before = page.drawn.length;
  const drawOther = (): void => void other.push(page.drawn.length);
  page.pace.request(drawOther);
  page.pace.request(drawOther);
  page.pace.request(page.draw);
  page.until(2000);
  deepEqual([page.drawn.length - before, other.length], [1, 1]);
});

test("a key is shown before anything else is drawn", () => {
  const page = new ManualPage();
  page.pace.onKey();
  page.pace.request(page.draw);
  deepEqual(page.drawn, []);
  page.until(0);
  deepEqual(page.drawn, [0]);
});

test("what somebody waits for is drawn now, with all that waits, and what nobody wants is not", () => {
  const page = new ManualPage();
  page.drawMs = 100;
  page.flood(10, 500);
  const before = page.drawn.length;
  let isForgottenDrawn = false;
  const forgotten = (): void => {
    isForgottenDrawn = true;
  };
  page.pace.request(forgotten);
  page.pace.forget(forgotten);
  page.pace.drawNow(page.draw);
  deepEqual([page.drawn.length - before, isForgottenDrawn], [1, false]);
});
