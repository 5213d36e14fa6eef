/** Large groups: what a member's entry is when it is computed, what their topic holds, and what they cost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HiddenSpan } from "@parley/contracts";
import {
  type ConversationEntry,
  type ConversationId,
  type UserId,
  Body,
  Event,
  applyEvent,
  decode,
  emptyEntry,
  filled,
} from "@parley/protocol";
import fc from "fast-check";
import { SharedGroups } from "./shared-groups.js";
import { MessageBench, TENANT } from "./testing/message-bench.js";
import { seesMessage, UserRecord } from "@parley/domain";

const LARGE = { sharedFromMembers: 2 };

/** What a device has when it followed everything: its queue and the topic, in the order they came in. */
function followed(bench: MessageBench, name: string, id: ConversationId): ConversationEntry {
  const userId = name as UserId;
  const queue = bench.userLogStore.partitions.flatMap(({ records }) =>
    records
      .flatMap(({ payload }) => decode(UserRecord, payload).spreads)
      .filter(({ userIds }) => userIds.includes(userId))
      .map(({ event }) => decode(Event, event)),
  );
  const topic = bench.life.told.map(({ row }) =>
    decode(Event, seesMessage(row, userId) ? row.event : row.instead),
  );
  const [joined, ...rest] = queue;
  const events = joined === undefined ? topic : [joined, ...topic, ...rest];
  return events.reduce((entry, event) => applyEvent(entry, event, userId), emptyEntry(id));
}

class Groups {
  readonly bench: MessageBench;
  readonly hidden = new Map<string, number[]>();

  constructor(bench: MessageBench) {
    this.bench = bench;
  }

  async entry(name: string, id: ConversationId): Promise<ConversationEntry> {
    const { life } = this.bench;
    const listed = { ...emptyEntry(id), isShared: true };
    const hiddenIn = ({ first, last }: HiddenSpan): Promise<readonly number[]> =>
      Promise.resolve(
        (this.hidden.get(name) ?? []).filter((sequence) => sequence >= first && sequence <= last),
      );
    const groups = new SharedGroups(life.tables);
    return this.bench.run(groups.complete(this.bench.session(name), listed, hiddenIn));
  }
}

test("an entry that is computed is the one that a device has which followed everything", async () => {
  const step = fc.record({
    kind: fc.constantFrom("send", "send", "mention", "direct", "signal", "read", "recall", "edit", "add"),
    who: fc.constantFrom("ann", "bob", "cy"),
    other: fc.constantFrom("ann", "bob", "cy"),
    at: fc.nat(8),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const bench = new MessageBench({ ...LARGE, partitionCount: 1, recallMinutes: 0, editMinutes: 0 });
      const groups = new Groups(bench);
      const id = await bench.group("ann", "bob", "cy");
      const numbers = new Map<string, number>();
      for (const { kind, who, other, at } of steps) {
        const session = bench.session(who);
        const place = { conversationId: id, sequence: at + 1 };
        const mentions = { userIds: [other as UserId], isAll: false };
        const body = filled(Body, { text: { text: `${kind} ${at}` }, mentions });
        const number = (numbers.get(who) ?? 0) + 1;
        if (kind === "send") {
          numbers.set(who, number);
          await bench.run(bench.send(session, id, number));
        } else if (kind === "mention" || kind === "direct" || kind === "signal") {
          numbers.set(who, number);
          const said = kind === "signal" ? { signal: { type: "t", payload: new Uint8Array() } } : body;
          const audience = kind === "direct" ? [other as UserId] : [];
          await bench.run(bench.sendAny(session, id, number, { body: said, audience }));
        } else if (kind === "edit") await bench.codeOf(bench.message.edit(session, { ...place, body }));
        else if (kind === "read") await bench.run(bench.message.markRead(session, id, at));
        else if (kind === "recall") await bench.codeOf(bench.message.recall(session, place));
        else {
          const userIds = ["eve" as UserId];
          await bench.run(
            bench.message.changeMembers(session, { conversationId: id, userIds, isRemoval: false }),
          );
        }
      }
      for (const name of ["ann", "bob", "cy"]) {
        const { topicPts, ...computed } = await groups.entry(name, id);
        const { topicPts: _, ...device } = followed(bench, name, id);
        assert.deepEqual(computed, device, name);
        assert.equal(topicPts, bench.life.told.length);
      }
    }),
    { numRuns: 100 },
  );
});

test("what a member has hidden is neither unread nor the last message of its entry", async () => {
  const bench = new MessageBench(LARGE);
  const groups = new Groups(bench);
  const id = await bench.group("ann", "bob", "cy");
  for (let number = 1; number <= 3; number++) await bench.run(bench.send(bench.session("ann"), id, number));
  groups.hidden.set("bob", [3, 4]);
  const { unreadRanges, unread, lastMessage, hiddenAhead } = await groups.entry("bob", id);
  assert.deepEqual([unreadRanges, unread, lastMessage, hiddenAhead], [[2, 2], 1, undefined, []]);
});

test("an entry of whoever is no member any more, or of a small group, is returned as it is", async () => {
  const bench = new MessageBench(LARGE);
  const id = await bench.group("ann", "bob", "cy");
  const groups = new SharedGroups(bench.life.tables);
  const none = (): Promise<readonly number[]> => Promise.reject(new Error("nothing is asked"));
  const entries = [
    { ...emptyEntry(id), isShared: true },
    { ...emptyEntry(id), isShared: true, isMember: false },
    emptyEntry(id),
  ];
  const session = bench.session("eve");
  const completed = await bench.run(
    Promise.all(entries.map((entry) => groups.complete(session, entry, none))),
  );
  assert.deepEqual(completed, entries);
});

test("a topic is read in order without a gap, outlives a restart, and is nobody's who is not in the group", async () => {
  const bench = new MessageBench(LARGE);
  const id = await bench.group("ann", "bob", "cy");
  for (let number = 1; number <= 5; number++) await bench.run(bench.send(bench.session("ann"), id, number));
  const key = { tenantId: TENANT, conversationId: id };
  const before = await bench.run(new SharedGroups(bench.life.tables).readTopic(key, 0, 100));
  await bench.restart();
  const groups = new SharedGroups(bench.life.tables);
  const after = await bench.run(groups.readTopic(key, 0, 100));
  assert.deepEqual([before.length, after], [6, before]);
  const some = await bench.run(groups.readTopic(key, 2, 3));
  assert.deepEqual(some, before.slice(2, 5));
  const topics = await bench.run(
    Promise.all(["ann", "eve"].map((name) => groups.findTopic(bench.session(name), id))),
  );
  assert.deepEqual(topics, [{ pts: 6, firstVisible: 1 }, undefined]);
});

test("the listener is told of who left before it is told of what they may not hear", async () => {
  const bench = new MessageBench(LARGE);
  const id = await bench.group("ann", "bob", "cy");
  const heard: string[] = [];
  const { told, left } = bench.life;
  left.push = (...userIds) => heard.push(`left ${userIds.join()}`);
  told.push = (...rows) => heard.push(`told ${rows.length}`);
  const userIds = ["bob" as UserId];
  await bench.run(
    bench.message.changeMembers(bench.session("ann"), { conversationId: id, userIds, isRemoval: true }),
  );
  // What changed of the members, and the notice.
  assert.deepEqual(heard, ["left bob", "told 1", "told 1"]);
});

test("what a message costs in rows and records does not depend on how many members there are", async () => {
  const costs = [];
  for (const count of [3, 800]) {
    const bench = new MessageBench({ ...LARGE, partitionCount: 1 });
    const names = Array.from({ length: count }, (_, index) => `u${index}`);
    for (const name of names) bench.users.add(name);
    const id = await bench.group("ann", ...names);
    await bench.run(bench.life.tables.flush());
    const rowsBefore = Object.keys(await bench.rows([id])).length;
    const recordsBefore = bench.userLogStore.partitions[0]!.records.length;
    const writesBefore = bench.life.engine.written;
    for (let number = 1; number <= 10; number++) await bench.run(bench.send(bench.session("u1"), id, number));
    const rows = Object.keys(await bench.rows([id])).length - rowsBefore;
    const records = bench.userLogStore.partitions[0]!.records.length - recordsBefore;
    costs.push({ rows, records, writes: bench.life.engine.written - writesBefore });
  }
  // For each message its own row, one of the topic and one of the sender; and the head once for all.
  assert.deepEqual(costs, [
    { rows: 30, records: 0, writes: 31 },
    { rows: 30, records: 0, writes: 31 },
  ]);
});
