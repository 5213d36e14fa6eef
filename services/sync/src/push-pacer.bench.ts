import { ManualTime, type MicroBench } from "@parley/base/testing";
import { PushPacer } from "./push-pacer.js";

const BYTES = 300;
const time = new ManualTime();
const pacer = new PushPacer({ clock: time, scheduler: time });
const feed = { resume: () => {} };

/** One event goes out and is confirmed. The least that could be done is to count both. */
export const benches: readonly MicroBench[] = [
  {
    name: "pace an event and its confirmation",
    baseline: "two counters in a Map",
    run: (times) => {
      let sum = 0;
      for (let count = 1; count <= times; count++) {
        if (pacer.mayGo(feed, undefined, false)) sum += 1;
        pacer.confirmed([pacer.sent(1, BYTES, count)], 0);
      }
      return sum;
    },
    runBaseline: (times) => {
      const counts = new Map<string, number>();
      for (let count = 0; count < times; count++) {
        counts.set("sent", (counts.get("sent") ?? 0) + BYTES);
        counts.set("confirmed", (counts.get("confirmed") ?? 0) + BYTES);
      }
      return counts.get("sent");
    },
  },
];
