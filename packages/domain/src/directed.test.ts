/** Directed messages in the machine: who is told what of them, and what nobody else may do with them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Body, type Event, Event as EventSchema, decode, filled, textBody } from "@parley/protocol";
import type { ConversationOutcome } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import type { ConversationState } from "./conversation-state.js";
import { seesMessage } from "./directed.js";
import { applyLoaded } from "./testing/loaded.js";
import { create, edit, members, recall, send, stateFor, user } from "./testing/records.js";

function run(state: ConversationState, records: readonly ConversationRecord[]): ConversationOutcome[] {
  return records.map((each, offset) => applyLoaded(state, each, offset));
}

/** What an outcome tells each of these users: the names of its events' fields, with their sequences. */
function told({ emissions }: ConversationOutcome, ...names: readonly string[]): string[] {
  return names.map((name) => {
    const events = emissions.filter(({ userIds }) => userIds.includes(user(name)));
    return events.map(({ event }) => wordOf(decode(EventSchema, event))).join(" ");
  });
}

function wordOf({ message, changed, voided }: Event): string {
  if (message !== undefined) return `message ${message.sequence}`;
  if (changed?.message !== undefined) return `changed ${changed.message.sequence}`;
  return voided === undefined ? "other" : `voided ${voided.sequence}`;
}

function codeOf({ verdict }: ConversationOutcome): string {
  return verdict.kind === "refused" ? verdict.code : verdict.kind;
}

const START = [create("ann", "bob", "carl", "dora"), send("ann", 1, { audience: ["bob"] })];

test("a directed message is told to its sender and its audience, and its place to the others", () => {
  const outcomes = run(stateFor("ann"), START);
  assert.deepEqual(told(outcomes[1]!, "ann", "bob", "carl", "dora"), [
    "message 2",
    "message 2",
    "voided 2",
    "voided 2",
  ]);
});

test("an edit and a recall of a directed message are told to those who see it and to nobody else", () => {
  const outcomes = run(stateFor("ann"), [...START, edit("ann", 2, "other"), recall("ann", 2)]);
  assert.deepEqual(
    outcomes.slice(2).map((outcome) => told(outcome, "ann", "bob", "carl")),
    [
      ["changed 2", "changed 2", ""],
      ["changed 2", "changed 2", ""],
    ],
  );
});

test("an owner recalls no directed message that it does not see", () => {
  const state = stateFor("bob");
  const records = [
    create("ann", "bob", "carl"),
    send("bob", 1, { audience: ["carl"] }),
    recall("ann", 2),
    edit("ann", 2, "x"),
    recall("carl", 2),
    recall("bob", 2),
  ];
  assert.deepEqual(run(state, records).slice(2).map(codeOf), [
    "message-unknown",
    "message-unknown",
    "not-allowed",
    "done",
  ]);
});

test("who left hears nothing more of a directed message, and who comes back without its place neither", () => {
  const state = stateFor("ann");
  const records = [
    ...START,
    members("ann", true, "bob"),
    edit("ann", 2, "one"),
    members("ann", false, "bob"),
    edit("ann", 2, "two"),
  ];
  const outcomes = run(state, records);
  assert.deepEqual(
    [told(outcomes[3]!, "ann", "bob"), told(outcomes[5]!, "ann", "bob")],
    [
      ["changed 2", ""],
      ["changed 2", ""],
    ],
  );
});

test("a message directed to who is no member is refused, and takes no number", () => {
  const outcomes = run(stateFor("ann"), [
    create("ann", "bob"),
    send("ann", 1, { audience: ["bob", "eve"] }),
    send("ann", 1, { audience: ["bob"] }),
  ]);
  assert.deepEqual(outcomes.slice(1).map(codeOf), ["bad-request", "sent"]);
});

test("seeing a message needs no audience, or to be in it, or to have sent it", () => {
  const directed = { senderId: user("ann"), audience: [user("bob")] };
  assert.deepEqual(
    [
      seesMessage({ ...directed, audience: [] }, user("carl")),
      seesMessage(directed, user("ann")),
      seesMessage(directed, user("bob")),
      seesMessage(directed, user("carl")),
    ],
    [true, true, true, false],
  );
});

test("an answer to what is not there, or was before one came, is refused", () => {
  const reply = (sequence: number): Body => filled(Body, { ...textBody("x"), reply: { sequence } });
  const outcomes = run(stateFor("ann", "bob"), [
    create("ann"),
    send("ann", 1, { body: reply(1) }),
    send("ann", 2, { body: reply(3) }),
    members("ann", false, "bob"),
    send("bob", 1, { body: reply(2) }),
    send("bob", 1, { body: reply(3) }),
  ]);
  assert.deepEqual(outcomes.slice(1).map(codeOf), [
    "sent",
    "message-unknown",
    "done",
    "message-unknown",
    "sent",
  ]);
});

test("a send without a body is answered as the first time, or refused", () => {
  const outcomes = run(stateFor("ann"), [
    create("ann"),
    send("ann", 1),
    send("ann", 1, { body: undefined }),
    send("ann", 2, { body: undefined, name: "other" }),
    send("ann", 2),
  ]);
  assert.deepEqual(outcomes.slice(1).map(codeOf), ["sent", "sent", "message-unknown", "sent"]);
  assert.deepEqual(outcomes[2]!.verdict, { ...outcomes[1]!.verdict, isRepeat: true });
});

test("a signal counts as unread for nobody", () => {
  const body = filled(Body, { signal: { type: "typing", payload: new Uint8Array() } });
  const outcomes = run(stateFor("ann"), [create("ann"), send("ann", 1, { body })]);
  assert.equal(outcomes[1]!.changes?.messages[0]?.isCountable, false);
});

test("an edit changes the text, the kind of text and the mentions, and keeps what it answers", () => {
  const body = filled(Body, {
    ...textBody("@bob look"),
    mentions: { userIds: [user("bob")], isAll: false },
    reply: { sequence: 1 },
  });
  const rich = filled(Body, {
    rich: {
      blocks: [{ kind: "paragraph", level: 0, isOrdered: false, language: "", spans: [] }],
    },
    mentions: { userIds: [], isAll: true },
  });
  const change = edit("ann", 2, "x");
  const outcomes = run(stateFor("ann"), [
    create("ann", "bob"),
    send("ann", 1, { body }),
    { ...change, edit: { ...change.edit!, body: rich } },
    { ...change, edit: { ...change.edit!, body: rich } },
  ]);
  assert.deepEqual(
    [outcomes[2]!.changes?.changed[0]?.body, outcomes[3]!.changes?.changed],
    [filled(Body, { rich: rich.rich, mentions: rich.mentions, reply: { sequence: 1 } }), []],
  );
});

test("what another said first is not edited, nor what is no text", () => {
  const forwarded = filled(Body, { ...textBody("x"), forwarded: { senderId: user("bob"), timeMs: 1 } });
  const custom = filled(Body, { custom: { type: "a", payload: new Uint8Array(), fallbackText: "b" } });
  const outcomes = run(stateFor("ann"), [
    create("ann", "bob"),
    send("ann", 1, { body: forwarded }),
    send("ann", 2, { body: custom }),
    edit("ann", 2, "y"),
    edit("ann", 3, "y"),
  ]);
  assert.deepEqual(outcomes.slice(3).map(codeOf), ["not-allowed", "not-allowed"]);
});

test("the topic of a large group holds a directed message once, with who sees it and what the others get", () => {
  const change = create("ann", "bob", "carl");
  const large = { ...change, create: { ...change.create!, sharedFrom: 1 } };
  const outcomes = run(stateFor("ann"), [large, START[1]!, edit("ann", 2, "other")]);
  const rows = outcomes.slice(1).flatMap(({ changes }) => changes!.topic);
  assert.deepEqual(
    [
      rows.map(({ audience, senderId, event, instead }) => [
        audience,
        senderId,
        wordOf(decode(EventSchema, event)),
        wordOf(decode(EventSchema, instead)),
      ]),
      outcomes.slice(1).flatMap(({ emissions }) => emissions),
    ],
    [
      [
        [["bob"], "ann", "message 2", "voided 2"],
        [["bob"], "ann", "changed 2", "other"],
      ],
      [],
    ],
  );
});

test("a signal is not recalled: nobody sees it, and what is recalled is shown", () => {
  const body = filled(Body, { signal: { type: "typing", payload: new Uint8Array() } });
  const state = stateFor("ann", "bob");
  applyLoaded(state, create("ann", "bob"), 0);
  const sending = send("ann", 1);
  applyLoaded(state, { ...sending, send: { ...sending.send!, body } }, 1);
  const { verdict, changes } = applyLoaded(state, recall("ann", 2), 2);
  assert.deepEqual([verdict, changes], [{ kind: "refused", code: "not-allowed" }, undefined]);
});
