import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Body,
  type Event,
  type Message,
  EDITS_MAX,
  Event as EventSchema,
  decode,
  filled,
  textBody,
} from "@parley/protocol";
import fc from "fast-check";
import type { ConversationOutcome } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import type { ConversationState } from "./conversation-state.js";
import { applyLoaded, rowsOf } from "./testing/loaded.js";
import { create, edit, members, recall, record, send, stateFor, trim, user } from "./testing/records.js";

/** The notice of the creation is 1; messages are sent at 2000. */
const SENT_MS = 2000;
const MINUTE_MS = 60_000;

function run(state: ConversationState, records: readonly ConversationRecord[]): ConversationOutcome[] {
  return records.map((each, offset) => applyLoaded(state, each, offset));
}

function codesOf(outcomes: readonly ConversationOutcome[]): string[] {
  return outcomes.map(({ verdict }) => (verdict.kind === "refused" ? verdict.code : verdict.kind));
}

function eventsFor(outcomes: readonly ConversationOutcome[], name: string): Event[] {
  return outcomes
    .flatMap(({ emissions }) => emissions)
    .filter(({ userIds }) => userIds.includes(user(name)))
    .map(({ event }) => decode(EventSchema, event));
}

function changesFor(outcomes: readonly ConversationOutcome[], name: string): (Message | undefined)[] {
  return eventsFor(outcomes, name).flatMap(({ changed }) => (changed === undefined ? [] : [changed.message]));
}

const textOf = (message: Message | undefined): string | undefined => message?.body?.text?.text;

test("C8: an edit changes the text and nothing that places the message, and what it said before is kept", () => {
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [
    create("ann", "bob"),
    send("ann", 1),
    edit("ann", 2, "one", { timeMs: 3000 }),
    edit("ann", 2, "two", { timeMs: 4000 }),
  ]);
  const [, sent] = outcomes.flatMap(({ changes }) => changes?.messages ?? []);
  const body = (text: string) => textBody(text);
  assert.deepEqual(
    [rowsOf(state).get(2), outcomes.flatMap(({ changes }) => changes?.edits ?? [])],
    [
      { ...sent!, body: body("two"), revision: 2, editedMs: 4000 },
      [
        { sequence: 2, revision: 0, row: { revision: 0, body: body("ann-1"), editedMs: 0 } },
        { sequence: 2, revision: 1, row: { revision: 1, body: body("one"), editedMs: 3000 } },
      ],
    ],
  );
});

test("C8: an edit takes the preview of a link away and gives it back, and one that changes neither is done", () => {
  const state = stateFor("ann", "bob");
  const hiding = { ...textBody("https://a.example"), hidesPreview: true };
  const showing = textBody("https://a.example");
  const edits = [showing, hiding, hiding, showing].map((body) =>
    record({ edit: { actorId: user("ann"), sequence: 2, body, limitMs: 0 } }, 3000),
  );
  const outcomes = run(state, [create("ann", "bob"), send("ann", 1), ...edits]);
  assert.deepEqual(
    [codesOf(outcomes.slice(2)), changesFor(outcomes, "bob").map((message) => message?.body?.hidesPreview)],
    [
      ["done", "done", "done", "done"],
      [false, true, false],
    ],
  );
});

test("C8: what is recalled has no body and no former ones, and never changes again", () => {
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [
    create("ann", "bob"),
    send("bob", 1),
    edit("bob", 2, "one"),
    edit("bob", 2, "two"),
    recall("bob", 2, { timeMs: 5000 }),
    edit("bob", 2, "three"),
    recall("bob", 2),
    recall("ann", 2),
  ]);
  const { body, revision, recall: recalled, senderId } = rowsOf(state).get(2)!;
  assert.deepEqual(
    [
      [body, revision, recalled, senderId],
      outcomes[4]!.changes!.edits.map((each) => [each.revision, each.row]),
      codesOf(outcomes.slice(4)),
      outcomes.slice(5).flatMap(({ changes, emissions }) => [...(changes?.changed ?? []), ...emissions]),
    ],
    [
      [undefined, 3, { actorId: "bob", timeMs: 5000 }, "bob"],
      [
        [0, undefined],
        [1, undefined],
      ],
      ["done", "message-recalled", "done", "done"],
      [],
    ],
  );
});

test("C9: a change goes to those who see the message: not to who came later, nor to who is gone", () => {
  const state = stateFor("ann", "bob", "cy", "eve");
  const outcomes = run(state, [
    create("ann", "bob", "eve"),
    send("ann", 1),
    members("ann", false, "cy"),
    members("ann", true, "eve"),
    edit("ann", 2, "better"),
    recall("ann", 2),
  ]);
  const told = ["ann", "bob", "cy", "eve"].map((name) =>
    changesFor(outcomes, name).map((message) => [message?.sequence, message?.revision]),
  );
  const both = [
    [2, 1],
    [2, 2],
  ];
  assert.deepEqual(told, [both, both, [], []]);
});

test("an edit that changes nothing is done and told to nobody", () => {
  const state = stateFor("ann");
  const outcomes = run(state, [create("ann"), send("ann", 1), edit("ann", 2, "ann-1")]);
  assert.deepEqual(
    [codesOf(outcomes)[2], outcomes[2]!.emissions, outcomes[2]!.changes!.changed],
    ["done", [], []],
  );
});

test("who may edit and who may recall what", () => {
  const old = { senderId: user("bob"), timeMs: 500, messageId: "id-old" as never, text: "old" };
  const begin = [
    create("ann", "bob", "eve"),
    send("bob", 1),
    members("ann", true, "eve"),
    send("ann", 1),
    members("ann", false, "cy"),
    record({ history: { index: 0, items: [old], isLast: true } }),
    recall("bob", 2),
  ];
  // 1, 3 and 5 are notices, 2 is recalled, 4 is Ann's, 6 was imported.
  const asked: Readonly<Record<string, ConversationRecord>> = {
    "own text": edit("ann", 4, "x"),
    "another's text": edit("bob", 4, "x"),
    "another's, by the owner": edit("ann", 6, "x"),
    "a notice": edit("ann", 3, "x"),
    "what is recalled": edit("bob", 2, "x"),
    "what was imported": edit("bob", 6, "x"),
    "what is not there": edit("ann", 99, "x"),
    "nothing at all": edit("ann", 0, "x"),
    "from before one came": edit("cy", 4, "x"),
    "after one was removed": edit("eve", 2, "x"),
    "with a notice": record({
      edit: { ...edit("ann", 4, "x").edit!, body: filled(Body, {}) },
    }),
    "recall of one's own": recall("bob", 6),
    "recall of another's": recall("bob", 4),
    "recall by the owner": recall("ann", 6),
    "recall of a notice": recall("ann", 3),
    "recall again": recall("bob", 2),
    "recall again, by one who may not": recall("cy", 2),
    "recall of what is not there": recall("ann", 99),
    "recall from before one came": recall("cy", 4),
    "recall after one was removed": recall("eve", 2),
  };
  const answered = Object.entries(asked).map(([name, each]) => {
    const state = stateFor("ann", "bob", "cy", "eve");
    return [name, codesOf(run(state, [...begin, each])).at(-1)];
  });
  assert.deepEqual(Object.fromEntries(answered), {
    "own text": "done",
    "another's text": "not-allowed",
    "another's, by the owner": "not-allowed",
    "a notice": "not-allowed",
    "what is recalled": "message-recalled",
    "what was imported": "done",
    "what is not there": "message-unknown",
    "nothing at all": "message-unknown",
    "from before one came": "message-unknown",
    "after one was removed": "not-a-member",
    "with a notice": "bad-request",
    "recall of one's own": "done",
    "recall of another's": "not-allowed",
    "recall by the owner": "done",
    "recall of a notice": "not-allowed",
    "recall again": "done",
    "recall again, by one who may not": "message-unknown",
    "recall of what is not there": "message-unknown",
    "recall from before one came": "message-unknown",
    "recall after one was removed": "not-a-member",
  });
});

test("C7: what is not kept any more is neither edited nor recalled", () => {
  const state = stateFor("ann");
  const records = [
    create("ann"),
    send("ann", 1),
    send("ann", 2),
    trim(3),
    edit("ann", 2, "x"),
    recall("ann", 2),
  ];
  assert.deepEqual(codesOf(run(state, records).slice(4)), ["message-unknown", "message-unknown"]);
});

test("edits and recalls have their time, by the records' clock, up to its last millisecond; the owner recalls later too", () => {
  const at = (overMs: number) => ({ timeMs: SENT_MS + MINUTE_MS + overMs, limitMs: MINUTE_MS });
  const answers = [
    edit("bob", 2, "x", at(0)),
    edit("bob", 2, "x", at(1)),
    edit("bob", 2, "bob-1", at(1)),
    edit("bob", 2, "x", { timeMs: Number.MAX_SAFE_INTEGER, limitMs: 0 }),
    recall("bob", 2, at(0)),
    recall("bob", 2, at(1)),
    recall("ann", 2, at(1)),
    recall("bob", 2, { timeMs: Number.MAX_SAFE_INTEGER, limitMs: 0 }),
  ].map((each) => codesOf(run(stateFor("ann", "bob"), [create("ann", "bob"), send("bob", 1), each])).at(-1));
  assert.deepEqual(answers, ["done", "too-late", "done", "done", "done", "too-late", "done", "done"]);
});

test("nobody rules over another in a direct conversation", () => {
  const creation = create("ann", "bob");
  const direct = record({ create: { ...creation.create!, isDirect: true } });
  const outcomes = run(stateFor("ann", "bob"), [direct, send("bob", 1), recall("ann", 1), recall("bob", 1)]);
  assert.deepEqual(codesOf(outcomes.slice(2)), ["not-allowed", "done"]);
});

test(`a message is edited ${EDITS_MAX} times at most, and can be recalled after that`, () => {
  const state = stateFor("ann");
  const edits = Array.from({ length: EDITS_MAX + 1 }, (_, index) => edit("ann", 2, `text ${index}`));
  const outcomes = run(state, [create("ann"), send("ann", 1), ...edits, recall("ann", 2)]);
  const counts = new Map<string, number>();
  for (const code of codesOf(outcomes.slice(2))) counts.set(code, (counts.get(code) ?? 0) + 1);
  assert.deepEqual(
    [[...counts], outcomes.at(-1)!.changes!.edits.length],
    [
      [
        ["done", EDITS_MAX + 1],
        ["too-many-edits", 1],
      ],
      EDITS_MAX,
    ],
  );
});

test("C8, C9: what a member was told comes to the rows that this member sees", () => {
  const names = ["ann", "bob", "cy"];
  const name = fc.constantFrom(...names);
  const at = fc.integer({ min: 1, max: 8 });
  const numbers = new Map<string, number>();
  const step = fc.oneof(
    { weight: 3, arbitrary: name.map((sender) => () => sendNext(numbers, sender)) },
    {
      weight: 3,
      arbitrary: fc.tuple(name, at, fc.constantFrom("a", "b")).map(
        ([actor, to, text]) =>
          () =>
            edit(actor, to, text),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(name, at).map(
        ([actor, to]) =>
          () =>
            recall(actor, to),
      ),
    },
    { weight: 1, arbitrary: name.map((other) => () => members("ann", false, other)) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      numbers.clear();
      const state = stateFor(...names);
      const outcomes = run(state, [create("ann", "bob"), ...steps.map((make) => make())]);
      for (const [userId, { firstVisible }] of state.members) {
        const held = new Map<number, Message>();
        for (const { message, changed } of eventsFor(outcomes, userId)) {
          if (message !== undefined) held.set(message.sequence, message);
          const newer = changed?.message;
          if (newer === undefined) continue;
          assert.equal(newer.revision, held.get(newer.sequence)!.revision + 1);
          assert.equal(textOf(held.get(newer.sequence)) === undefined, false);
          held.set(newer.sequence, newer);
        }
        const seen = [...rowsOf(state).values()].filter(({ sequence }) => sequence >= firstVisible);
        assert.deepEqual([...held.values()], seen);
      }
    }),
  );
});

function sendNext(numbers: Map<string, number>, sender: string): ConversationRecord {
  const number = (numbers.get(sender) ?? 0) + 1;
  numbers.set(sender, number);
  return send(sender, number);
}
