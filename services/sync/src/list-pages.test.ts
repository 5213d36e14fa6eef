import assert from "node:assert/strict";
import { test } from "node:test";
import { SyncBench, joined, message } from "./testing/sync-bench.js";

/** Two users in `count` conversations, each with one message. */
function benchWith(count: number): SyncBench {
  const bench = new SyncBench();
  for (let number = 1; number <= count; number++)
    bench.emit(["ann", "bob"], [joined(`g:${number}`), message(`g:${number}`, number)]);
  return bench;
}

test("the pages hold all that was acknowledged before, though the machine has not come to it yet", async () => {
  const bench = benchWith(25);
  const entries = await bench.list("ann", 4);
  const expected = Array.from({ length: 25 }, (_, index) => `g:${index + 1}`);
  assert.deepEqual(
    entries.map(({ conversationId }) => conversationId),
    expected.toSorted(),
  );
});

test("nobody sees the list of another", async () => {
  const bench = benchWith(2);
  assert.deepEqual(await bench.list("eve"), []);
});
