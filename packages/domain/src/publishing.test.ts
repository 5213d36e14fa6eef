import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, Event, filled, ModuleEvent, type ModuleName } from "@parley/protocol";
import type { ConversationRecord } from "./conversation-record.js";
import { emptyConversation } from "./conversation-state.js";
import { applyLoaded } from "./testing/loaded.js";
import { create, GROUP, record, TENANT, user } from "./testing/records.js";

const DAY_MS = 24 * 60 * 60 * 1000;

function publish(id: string, timeMs: number, collapseKey = ""): ConversationRecord {
  const data = new Uint8Array([1]);
  const module = filled(ModuleEvent, { module: "todo" as ModuleName, id, data, collapseKey });
  return { ...record({ module }), timeMs };
}

/** A group of three that shares a topic from `sharedFrom` members on. */
function group(sharedFrom: number) {
  const state = emptyConversation({ tenantId: TENANT, conversationId: GROUP });
  const made = create("ann", "bob", "carl");
  applyLoaded(state, { ...made, create: { ...made.create!, sharedFrom } }, 0);
  return state;
}

test("an event of a module goes to all members of a small group, with the group and the time of the record", () => {
  const state = group(0);
  const { emissions, changes } = applyLoaded(state, publish("e-1", 70, "key"), 1);
  const told = emissions.map(({ userIds, event }) => [userIds, decode(Event, event).module]);
  const expected = filled(ModuleEvent, {
    module: "todo" as ModuleName,
    id: "e-1",
    data: new Uint8Array([1]),
    collapseKey: "key",
    timeMs: 70,
    conversationId: GROUP,
  });
  assert.deepEqual(
    [told, changes!.modules, state.head!.lastSequence > 0 && changes!.messages.length],
    [
      [[["ann", "bob", "carl"].map(user), expected]],
      [{ module: "todo", id: "e-1", collapseKey: "key", pts: 0, isOnce: true }],
      0,
    ],
  );
});

test("an event of a module goes once into the topic of a large group, which knows the newest of a key", () => {
  const state = group(2);
  const before = state.head!.topicPts;
  const { emissions, changes } = applyLoaded(state, publish("e-1", 70, "key"), 1);
  assert.deepEqual(
    [
      emissions.length,
      changes!.topic.map(({ event }) => decode(Event, event).module!.id),
      changes!.modules[0]!.pts,
    ],
    [0, ["e-1"], before + 1],
  );
});

test("an event that is told again within a day changes nothing", () => {
  const state = group(0);
  applyLoaded(state, publish("e-1", 70), 1);
  const again = applyLoaded(state, publish("e-1", 70 + DAY_MS - 1), 2);
  const later = applyLoaded(state, publish("e-1", 70 + DAY_MS), 3);
  assert.deepEqual(
    [again.verdict, again.changes, later.verdict, later.emissions.length],
    [{ kind: "done", isRepeat: true }, undefined, { kind: "done" }, 1],
  );
});

test("an event to a conversation that does not exist is refused", () => {
  const state = emptyConversation({ tenantId: TENANT, conversationId: GROUP });
  assert.equal(applyLoaded(state, publish("e-1", 70), 0).verdict.kind, "refused");
});
