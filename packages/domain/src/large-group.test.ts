/** Large groups: what all members are told goes into the topic once (C10). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Event, Event as EventSchema, decode } from "@parley/protocol";
import fc from "fast-check";
import type { ConversationOutcome } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import type { ConversationState } from "./conversation-state.js";
import { applyLoaded } from "./testing/loaded.js";
import { create, edit, members, read, recall, send, stateFor, trim, user } from "./testing/records.js";

const NAMES = ["ann", "bob", "cy", "dee"];

function run(
  state: ConversationState,
  records: readonly ConversationRecord[],
  from = 0,
): ConversationOutcome[] {
  return records.map((each, index) => applyLoaded(state, each, from + index));
}

/** The same record, from a server where groups with more than two members are large. */
function large(record: ConversationRecord): ConversationRecord {
  const sharedFrom = 2;
  return {
    ...record,
    create: record.create && { ...record.create, sharedFrom },
    members: record.members && { ...record.members, sharedFrom },
  };
}

/** What the topic was told, each event by its one field. */
function toldOf(outcomes: readonly ConversationOutcome[]): readonly (readonly [string, number])[] {
  return outcomes
    .flatMap((outcome) => outcome.changes?.topic ?? [])
    .map(({ event, sequence }) => [nameOf(decode(EventSchema, event)), sequence]);
}

function emittedOf(outcomes: readonly ConversationOutcome[]): readonly (readonly [string, string])[] {
  return outcomes
    .flatMap((outcome) => outcome.emissions)
    .map(({ userIds, event }) => [nameOf(decode(EventSchema, event)), userIds.toSorted().join()]);
}

function nameOf(event: Event): string {
  return Object.entries(event)
    .flatMap(([name, value]) => (value === undefined ? [] : [name]))
    .join();
}

test("C10: a group that is made large tells each member of joining, and everything else to the topic", () => {
  const outcomes = run(stateFor(...NAMES), [
    large(create("ann", "bob", "cy")),
    send("ann", 1),
    edit("ann", 2, "better"),
    read("bob", 2),
    recall("ann", 2),
    trim(2),
  ]);
  assert.deepEqual(
    [toldOf(outcomes), emittedOf(outcomes)],
    [
      [
        ["message", 1],
        ["message", 2],
        ["changed", 2],
        ["changed", 2],
        ["trimmed", 0],
      ],
      [
        ["joined", "ann,bob,cy"],
        ["read", "bob"],
        ["readers", "ann"],
      ],
    ],
  );
});

test("C10: a group that grows large says so to those who are in it, and tells those who join where its topic stands", () => {
  const state = stateFor(...NAMES);
  const outcomes = run(state, [
    large(create("ann", "bob")),
    send("ann", 1),
    large(members("ann", false, "cy")),
    large(members("ann", false, "dee")),
  ]);
  const joined = outcomes
    .flatMap((outcome) => outcome.emissions)
    .map(({ event }) => decode(EventSchema, event))
    .flatMap((event) => event.joined ?? [])
    .map(({ isShared, topicPts }) => [isShared, topicPts]);
  assert.deepEqual(
    [emittedOf(outcomes).slice(-3), joined, toldOf(outcomes), state.head!.topicPts],
    [
      [
        ["shared", "ann,bob"],
        ["joined", "cy"],
        ["joined", "dee"],
      ],
      [
        [false, 0],
        [true, 0],
        [true, 2],
      ],
      [
        ["members", 0],
        ["message", 3],
        ["members", 0],
        ["message", 4],
      ],
      4,
    ],
  );
});

test("C10: who leaves a large group is told what remains of it, and the group stays large", () => {
  const state = stateFor(...NAMES);
  const outcomes = run(state, [
    large(create("ann", "bob", "cy")),
    send("ann", 1),
    large(members("ann", true, "bob")),
    large(members("cy", true, "cy")),
    send("ann", 2),
  ]);
  const left = outcomes
    .flatMap((outcome) => outcome.emissions)
    .flatMap(({ userIds, event }) => {
      const told = decode(EventSchema, event).left;
      return told === undefined ? [] : [{ ...told, userIds }];
    });
  const rest = { conversationId: "g:test", isShared: true, title: "Test", firstVisible: 1, timeMs: 1000 };
  assert.deepEqual(
    [left, state.head!.isShared, toldOf(outcomes).length],
    [
      [
        { ...rest, sequence: 2, userIds: [user("bob")] },
        { ...rest, sequence: 3, userIds: [user("cy")] },
      ],
      true,
      7,
    ],
  );
});

test("C10: what a send changes does not depend on how many members there are", () => {
  const crowd = Array.from({ length: 500 }, (_, index) => `u${index}`);
  const state = stateFor("ann", ...crowd);
  const records = [large(create("ann", ...crowd)), read("ann", 1), send("ann", 1), send("u7", 1)];
  const sizes = run(state, records)
    .slice(2)
    .map(({ changes, emissions }) => ({
      rows:
        changes!.messages.length + changes!.members.length + changes!.sends.length + changes!.topic.length,
      emissions: emissions.length,
    }));
  assert.deepEqual(sizes, [
    // Whoever had read all has read this too.
    { rows: 4, emissions: 0 },
    { rows: 3, emissions: 0 },
  ]);
});

test("a replay of a large group from any point gives the same state, topic and events", () => {
  const name = fc.constantFrom(...NAMES);
  const step = fc.oneof(
    fc
      .record({ sender: name, number: fc.integer({ min: 1, max: 4 }) })
      .map(({ sender, number }) => send(sender, number)),
    fc.record({ reader: name, to: fc.integer({ min: 0, max: 9 }) }).map(({ reader, to }) => read(reader, to)),
    fc
      .record({ actor: name, isRemoval: fc.boolean(), other: name })
      .map(({ actor, isRemoval, other }) => large(members(actor, isRemoval, other))),
    fc.integer({ min: 0, max: 12 }).map(trim),
    fc.record({ actor: name, at: fc.integer({ min: 1, max: 9 }) }).map(({ actor, at }) => recall(actor, at)),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, cutAt) => {
      const records = [large(create("ann", "bob")), ...steps];
      const straight = stateFor(...NAMES);
      const outcomes = run(straight, records);
      const cut = cutAt % records.length;
      const replayed = stateFor(...NAMES);
      run(replayed, records.slice(0, cut));
      const again = run(replayed, records);
      assert.deepEqual(replayed, straight);
      assert.deepEqual(again.slice(cut), outcomes.slice(cut));
      assert.equal(toldOf(outcomes).length, straight.head!.topicPts);
    }),
  );
});
