/**
 * The loop that applies the user machine. Goal: queues and lists are a function of the user log alone, wherever the
 * process dies and whatever it has in memory. Method: random traffic with crashes and tiny caches, compared with one
 * undisturbed replay of the same log.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import type { ConversationId } from "@parley/protocol";
import fc from "fast-check";
import {
  type BenchOptions,
  SyncBench,
  TENANT,
  joined,
  message,
  outcomeOf,
  read,
} from "./testing/sync-bench.js";
import { MESSAGE_INBOX, userPartition } from "./user-tables.js";

const NAMES = ["ann", "bob", "cy", "dora", "eve"];
const GROUPS = ["g:a", "g:b", "g:c", "g:d"];
const WAITERS_MAX = 10_000;

type Step =
  | { readonly kind: "message"; readonly group: number; readonly to: readonly number[] }
  | { readonly kind: "read"; readonly group: number; readonly user: number }
  | { readonly kind: "hide"; readonly group: number; readonly user: number }
  | { readonly kind: "settle" }
  | { readonly kind: "flush" }
  | { readonly kind: "crash" };

const group = fc.nat(GROUPS.length - 1);
const user = fc.nat(NAMES.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("message" as const),
      group,
      to: fc.uniqueArray(user, { minLength: 1 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("read" as const), group, user }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("hide" as const), group, user }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("settle" as const, "flush" as const, "crash" as const) }),
  },
);

async function comparedWithReplay(options: BenchOptions, steps: readonly Step[]): Promise<void> {
  const bench = new SyncBench(options);
  const sequences = GROUPS.map(() => 0);
  for (const id of GROUPS) bench.emit(NAMES, [joined(id)]);
  const hides: Promise<unknown>[] = [];
  for (const each of steps) {
    if (each.kind === "settle") await bench.time.settle();
    else if (each.kind === "flush") await bench.run(bench.life.tables.flush());
    else if (each.kind === "crash") await bench.crash();
    else {
      const id = GROUPS[each.group]!;
      if (each.kind === "message") {
        sequences[each.group]! += 1;
        bench.emit(
          each.to.map((index) => NAMES[index]!),
          [message(id, sequences[each.group]!)],
        );
      } else if (each.kind === "read") bench.emit([NAMES[each.user]!], [read(id, sequences[each.group]!)]);
      else hides.push(bench.hide(NAMES[each.user]!, id as ConversationId, [1]).catch(() => undefined));
    }
  }
  await bench.crash();
  await bench.run(bench.life.processor.recovered());
  await bench.run(Promise.all(hides));
  const clean = new SyncBench({ partitionCount: bench.life.log.partitionCount });
  for (const [partition, { records }] of bench.logStore.partitions.entries())
    for (const { payload } of records) void clean.life.log.append(partition, payload);
  await clean.time.settle();
  assert.deepEqual(
    { rows: await bench.rows(NAMES), failures: bench.life.failures },
    { rows: await clean.rows(NAMES), failures: [] },
  );
}

test("a replay from the beginning gives equal queues and lists, whatever crashed and was flushed between", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) =>
      comparedWithReplay({ partitionCount: 1 }, steps),
    ),
    { numRuns: 60 },
  );
});

test("a service that keeps next to nothing in memory does the same, also when its loops overtake each other", async () => {
  const options = { partitionCount: 3, usersMax: 1, entriesMax: 1, readMs: 5 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => comparedWithReplay(options, steps)),
    { numRuns: 60 },
  );
});

test("a user with more conversations than are kept in memory loses nothing of an entry within one batch", async () => {
  const bench = new SyncBench({ partitionCount: 1, entriesMax: 2 });
  for (const id of GROUPS) bench.emit(["ann"], [joined(id)]);
  for (let sequence = 1; sequence <= 3; sequence++)
    for (const id of GROUPS) bench.emit(["ann"], [message(id, sequence)]);
  const entries = await bench.list("ann");
  assert.deepEqual(
    entries.map(({ conversationId, title, unread }) => [conversationId, title, unread]),
    GROUPS.map((id) => [id, `Title of ${id}`, 3]),
  );
});

test("unread counts, read markers and hidden messages are the same after a crash and after a restart", async () => {
  const bench = new SyncBench();
  bench.emit(["ann", "bob"], [joined("g:a")]);
  for (let sequence = 1; sequence <= 5; sequence++)
    bench.emit(["ann", "bob"], [message("g:a", sequence, sequence === 5 ? "bob" : "zoe")]);
  bench.emit(["ann"], [read("g:a", 2)]);
  await bench.run(bench.hide("ann", "g:a" as ConversationId, [4]));
  const seen = [];
  for (const again of [async () => {}, () => bench.crash(), () => bench.restart()]) {
    await again();
    for (const name of ["ann", "bob"]) {
      const [entry] = await bench.list(name);
      seen.push([name, entry!.readSequence, entry!.unread, [...entry!.unreadRanges]]);
    }
  }
  const once = [
    ["ann", 2, 2, [3, 3, 5, 5]],
    ["bob", 0, 4, [1, 4]],
  ];
  assert.deepEqual(seen, [...once, ...once, ...once]);
});

test("a deletion for me is durable and seen by reads when it is answered, and by nobody else", async () => {
  const bench = new SyncBench();
  const span = { conversationId: "g:a" as ConversationId, first: 1, last: 10 };
  bench.emit(["ann", "bob"], [joined("g:a")]);
  for (let sequence = 1; sequence <= 3; sequence++) bench.emit(["ann", "bob"], [message("g:a", sequence)]);
  const verdict = await bench.run(bench.hide("ann", span.conversationId, [3, 1]));
  const seen = [await bench.run(bench.sync.hiddenSequences(bench.session("ann"), span))];
  await bench.crash();
  await bench.run(bench.life.processor.recovered());
  for (const name of ["ann", "bob"])
    seen.push(await bench.run(bench.sync.hiddenSequences(bench.session(name), span)));
  assert.deepEqual([verdict.kind, seen], ["done", [[1, 3], [1, 3], []]]);
});

test("who has deleted more messages than one read brings is shown none of them", async () => {
  const bench = new SyncBench();
  const count = 10_001;
  const writes = Array.from({ length: count }, (_, index) => ({
    kind: "put" as const,
    table: MESSAGE_INBOX,
    sort: ["g:a", index + 1],
    value: new Uint8Array(),
  }));
  bench.life.tables.stage({ partition: userPartition(TENANT, "ann"), writes });
  const span = { conversationId: "g:a" as ConversationId, first: 1, last: count + 5 };
  const hidden = await bench.run(bench.sync.hiddenSequences(bench.session("ann"), span));
  assert.deepEqual([hidden.length, hidden.at(-1)], [count, count]);
});

const HIDES: readonly (readonly [string, string, readonly number[]])[] = [
  ["a conversation that one was never in", "g:other", [1]],
  ["a sequence that does not exist yet", "g:a", [1, 4]],
  ["a sequence from before one joined", "g:a", [0]],
];

for (const [what, id, sequences] of HIDES) {
  test(`hiding in ${what} is refused and hides nothing`, async () => {
    const bench = new SyncBench();
    bench.emit(["ann"], [joined("g:a"), message("g:a", 1), message("g:a", 2), message("g:a", 3)]);
    const verdict = await bench.run(bench.hide("ann", id as ConversationId, sequences));
    const span = { conversationId: id as ConversationId, first: 0, last: 10 };
    const hidden = await bench.run(bench.sync.hiddenSequences(bench.session("ann"), span));
    assert.deepEqual([verdict, hidden], [{ kind: "refused", code: "bad-request" }, []]);
  });
}

const LOG_FAILURES: readonly (readonly [string, string])[] = [
  ["log-full", "storage-full"],
  ["log-busy", "unavailable"],
  ["log-failed", "outcome-unknown"],
];

for (const [failure, code] of LOG_FAILURES) {
  test(`a log that answers ${failure} is told to who hides as ${code}`, async () => {
    const bench = new SyncBench();
    bench.life.log.refusal = new Failure(failure, "No.");
    assert.equal(await bench.codeOf(bench.hide("ann", "g:a" as ConversationId, [1])), code);
  });
}

test("beyond those who may wait for a partition the next is refused, and those who wait are answered", async () => {
  const bench = new SyncBench({ partitionCount: 1 });
  bench.emit(["ann"], [joined("g:a"), message("g:a", 1)]);
  const waiting = Array.from({ length: WAITERS_MAX }, () => bench.hide("ann", "g:a" as ConversationId, [1]));
  const beyond = await bench.codeOf(bench.hide("ann", "g:a" as ConversationId, [1]));
  const verdicts = await bench.run(Promise.all(waiting));
  assert.deepEqual([beyond, verdicts.every(({ kind }) => kind === "done")], ["unavailable", true]);
});

test("who waits for a service that stops is told so with a code that clients know", async () => {
  const bench = new SyncBench({ partitionCount: 1, readMs: 1_000 });
  bench.emit(["ann"], [joined("g:a")]);
  const hidden = bench.hide("ann", "g:a" as ConversationId, [1]);
  const listed = bench.sync.listConversations(bench.session("ann"), { cursor: "", limit: 10 });
  const codes = Promise.all([hidden, listed].map(outcomeOf));
  await bench.run(bench.life.processor.stop());
  assert.deepEqual(await codes, ["outcome-unknown", "unavailable"]);
});

test("a record that cannot be read is reported, has no effect, and those behind it are applied", async () => {
  const bench = new SyncBench({ partitionCount: 1 });
  bench.emit(["ann"], [joined("g:a")]);
  await bench.run(bench.life.log.append(0, new Uint8Array([255, 255])));
  bench.emit(["ann"], [message("g:a", 1)]);
  const [entry] = await bench.list("ann");
  assert.deepEqual([entry?.unread, bench.logger.errors, bench.life.failures], [1, ["poison-record"], []]);
});

test("a record whose key is destroyed is passed over without a word, and those behind it are applied", async () => {
  const bench = new SyncBench({ partitionCount: 1 });
  bench.emit(["ann"], [joined("g:a")]);
  const appended = bench.life.log.append(0, new Uint8Array([255, 255]));
  const { records } = bench.logStore.partitions[0]!;
  records.push({ ...records.pop()!, isDestroyed: true });
  await bench.run(appended);
  bench.emit(["ann"], [message("g:a", 1)]);
  const [entry] = await bench.list("ann");
  assert.deepEqual([entry?.unread, bench.logger.errors, bench.life.failures], [1, [], []]);
});

test("tables that fail while states are loaded are a failure of the service", async () => {
  const bench = new SyncBench();
  const failure = new Error("the disk failed");
  bench.life.engine.failure = failure;
  bench.emit(["ann"], [joined("g:a")]);
  await bench.time.settle();
  assert.deepEqual(bench.life.failures, [failure]);
});
