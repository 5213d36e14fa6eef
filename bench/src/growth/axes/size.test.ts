import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { SIZE } from "./size.js";

test("messages that fit no text are sent, measured and checked, too", async () => {
  // Long enough for a machine that has little time for it.
  const plan = { seconds: 4, warmUpSeconds: 2, heatSeconds: 0, windows: 1, directory: undefined, seed: 1 };
  const measured = await SIZE.measure(20_000, plan);
  const figures = Object.assign({}, ...measured.map((each) => each.figures)) as Record<string, number>;
  deepEqual(figures["wrong"], 0);
  // A busy machine is slow, but what is written is written.
  ok(figures["messages"]! > 0 && figures["journal_bytes_per_message"]! > 20_000, JSON.stringify(figures));
  for (const name of ["send_cpu_us", "deliver_p99_ms", "rss_mb", "disk_mb"]) ok(figures[name]! > 0, name);
});
