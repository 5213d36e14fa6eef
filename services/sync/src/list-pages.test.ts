import assert from "node:assert/strict";
import { test } from "node:test";
import { SyncBench, joined, message } from "./testing/sync-bench.js";

/** A user in `count` conversations, each with one message; the later its number, the newer it is. */
function benchWith(count: number): SyncBench {
  const bench = new SyncBench();
  for (let number = 1; number <= count; number++)
    bench.emit(["ann", "bob"], [joined(`g:${number}`), message(`g:${number}`, number)]);
  return bench;
}

test("pages hold every conversation, the newest first, and everything acknowledged before", async () => {
  const bench = benchWith(25);
  const entries = await bench.list("ann", 4);
  // The last page may repeat what is as new as the newest.
  assert.deepEqual(
    [...new Set(entries.map(({ conversationId }) => conversationId))],
    Array.from({ length: 25 }, (_, index) => `g:${25 - index}`),
  );
});

test("a conversation that changes while pages are fetched is shown as it is then", async () => {
  const bench = benchWith(6);
  const session = bench.session("ann");
  const first = await bench.run(bench.sync.listConversations(session, { cursor: "", limit: 3 }));
  bench.emit(["ann"], [message("g:1", 100), message("g:6", 101)]);
  const pages = [first];
  while (pages.at(-1)!.next !== "" && pages.length < 9) {
    const cursor = pages.at(-1)!.next;
    pages.push(await bench.run(bench.sync.listConversations(session, { cursor, limit: 3 })));
  }
  // What comes later replaces what came before, as a device does it.
  const shown = new Map(
    pages.flatMap(({ entries }) => entries.map((entry) => [entry.conversationId, entry.lastSequence])),
  );
  assert.deepEqual(Object.fromEntries(shown), {
    "g:1": 100,
    "g:2": 2,
    "g:3": 3,
    "g:4": 4,
    "g:5": 5,
    "g:6": 101,
  });
});

test("a cursor that this server did not give is refused", async () => {
  const bench = benchWith(1);
  const codes = [];
  for (const cursor of ["x", "1/2", "1/x/g:1", "1.5/2/g:1", "1/2/g:1/more"])
    codes.push(await bench.codeOf(bench.sync.listConversations(bench.session("ann"), { cursor, limit: 3 })));
  assert.deepEqual(
    codes,
    Array.from({ length: 5 }, () => "bad-request"),
  );
});

test("nobody sees the list of another", async () => {
  const bench = benchWith(2);
  assert.deepEqual(await bench.list("eve"), []);
});
