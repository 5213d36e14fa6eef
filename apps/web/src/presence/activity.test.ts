import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { ManualTime } from "@parley/base/testing";
import { IDLE_MS, watchActivity } from "./activity.js";

class Page extends EventTarget {
  visibilityState: DocumentVisibilityState = "visible";

  show(visibilityState: DocumentVisibilityState): void {
    this.visibilityState = visibilityState;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

function watched(): { time: ManualTime; page: Page; told: boolean[]; stop: () => void } {
  const [time, page, told] = [new ManualTime(), new Page(), [] as boolean[]];
  const stop = watchActivity(
    {
      page,
      nowMs: () => time.nowMs(),
      after: (delayMs, run) => {
        const timer = time.after(delayMs, run);
        return () => timer.cancel();
      },
    },
    (isActive) => told.push(isActive),
  );
  return { time, page, told, stop };
}

test("somebody is there until nothing was touched for a while, and again with the next key", async () => {
  const { time, page, told } = watched();
  await time.advance(IDLE_MS - 1_000);
  page.dispatchEvent(new Event("keydown"));
  await time.advance(IDLE_MS - 1);
  const used = [...told];
  await time.advance(1);
  const idle = [...told];
  page.dispatchEvent(new Event("pointermove"));
  deepEqual([used, idle, told], [[true], [true, false], [true, false, true]]);
});

test("nobody is at a page that cannot be seen, and somebody is when it is looked at again", async () => {
  const { time, page, told, stop } = watched();
  page.show("hidden");
  page.dispatchEvent(new Event("pointermove"));
  await time.advance(IDLE_MS * 2);
  page.show("visible");
  stop();
  page.show("hidden");
  deepEqual([told, time.waiting], [[true, false, true], 0]);
});
