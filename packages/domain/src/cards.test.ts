import assert from "node:assert/strict";
import { test } from "node:test";
import { type CardAction, type Event, Event as EventSchema, decode } from "@parley/protocol";
import type { ConversationOutcome } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import type { ConversationState } from "./conversation-state.js";
import { hasMarks, UNSPREAD_MAX } from "./marks.js";
import { CLASS, createAs, dissolve, set, setMember } from "./testing/group-records.js";
import { applyLoaded, storedRows } from "./testing/loaded.js";
import {
  act,
  card,
  create,
  edit,
  members,
  react,
  recall,
  send,
  spread,
  stateFor,
  trim,
  update,
  user,
} from "./testing/records.js";

const WINDOW_MS = 1_000;
const sendCard = (name: string, number = 1, audience: readonly string[] = []): ConversationRecord =>
  send(name, number, { body: card("v1"), audience });

function run(state: ConversationState, records: readonly ConversationRecord[]): ConversationOutcome[] {
  const start = state.head?.applied ?? 0;
  return records.map((each, index) => applyLoaded(state, each, start + index));
}

function codesOf(outcomes: readonly ConversationOutcome[]): string[] {
  return outcomes.map(({ verdict }) => {
    if (verdict.kind !== "refused") return verdict.kind;
    return verdict.expected === undefined ? verdict.code : `${verdict.code} ${verdict.expected}`;
  });
}

function eventsFor(outcomes: readonly ConversationOutcome[], name: string): Event[] {
  return outcomes
    .flatMap(({ emissions }) => emissions)
    .filter(({ userIds }) => userIds.includes(user(name)))
    .map(({ event }) => decode(EventSchema, event));
}

/** What somebody was told of cards, short: "v2@1" is the content of the message's revision 1, "!" before it a private part. */
function toldTo(outcomes: readonly ConversationOutcome[], name: string): string[] {
  return eventsFor(outcomes, name).flatMap(({ changed, cardPart, cardAction }) => {
    if (cardPart !== undefined) return [`!${cardPart.part!.content}`];
    if (cardAction !== undefined) return [`${cardAction.action!.actionId} ${cardAction.action!.number}`];
    const message = changed?.message;
    return message === undefined ? [] : [`${message.body?.card?.content ?? "gone"}@${message.revision}`];
  });
}

test("K1, K2: an update is a revision of the message, an old one is refused, and the same once more is done", () => {
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [
    create("ann", "bob"),
    sendCard("ann"),
    update("ann", 2, 5),
    update("ann", 2, 4),
    update("ann", 2, 5, { content: "other" }),
    update("ann", 2, 5),
    update("ann", 2, 6),
  ]);
  const { body, revision, editedMs } = storedRows(state).messages.get(2)!;
  assert.deepEqual(
    [codesOf(outcomes.slice(2)), toldTo(outcomes, "bob"), body!.card, revision, editedMs],
    [
      ["done", "card-outdated 6", "card-outdated 6", "done", "done"],
      ["v5@1", "v6@2"],
      { content: "v6", revision: 6 },
      2,
      0,
    ],
  );
});

test("K3: an update is told with the window, what comes in between with the spread, as it is then", () => {
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [
    create("ann", "bob"),
    sendCard("ann"),
    ...[2, 3, 4].map((revision) => update("ann", 2, revision, { timeMs: 3000, windowMs: WINDOW_MS })),
  ]);
  const isMarked = hasMarks(state.head!);
  const told = run(state, [spread(3500), spread(3600)]);
  const later = run(state, [
    update("ann", 2, 5, { timeMs: 4499, windowMs: WINDOW_MS }),
    update("ann", 2, 6, { timeMs: 4500, windowMs: WINDOW_MS }),
  ]);
  assert.deepEqual(
    [toldTo(outcomes, "bob"), isMarked, toldTo(told, "bob"), toldTo(later, "bob"), hasMarks(state.head!)],
    [["v2@1"], true, ["v4@3"], ["v6@5"], false],
  );
});

test(`K3: beyond ${UNSPREAD_MAX} cards that wait, an update is told at once`, () => {
  const state = stateFor("ann", "bob");
  const count = UNSPREAD_MAX + 1;
  const cards = Array.from({ length: count }, (_, index) => sendCard("ann", index + 1));
  const rounds = [2, 3].map((revision) =>
    cards.map((_, index) => update("ann", index + 2, revision, { windowMs: WINDOW_MS })),
  );
  const outcomes = run(state, [create("ann", "bob"), ...cards, ...rounds.flat()]);
  assert.deepEqual(
    [state.head!.carding!.unspread.length, toldTo(outcomes.slice(-count), "bob")],
    [UNSPREAD_MAX, ["v3@2"]],
  );
});

test("K3: a card that is recalled or no longer kept is not told of any more, and its revisions are not counted down", () => {
  const state = stateFor("ann", "bob");
  const waiting = { windowMs: WINDOW_MS };
  run(state, [
    create("ann", "bob"),
    ...[1, 2, 3].map((number) => sendCard("ann", number)),
    ...[2, 3].flatMap((at) => [update("ann", at, 2, waiting), update("ann", at, 3, waiting)]),
  ]);
  const [recalled, trimmed, spreadLast] = run(state, [recall("ann", 3), trim(3), spread()]);
  assert.deepEqual(
    [
      toldTo([recalled!], "bob"),
      recalled!.changes!.edits,
      hasMarks(state.head!),
      codesOf([trimmed!]),
      toldTo([spreadLast!], "bob"),
    ],
    [["gone@3"], [], false, ["done"], []],
  );
});

test("K4: a private part is told to its user alone, replaced by higher revisions, and taken away by an empty one", () => {
  const state = stateFor("ann", "bob", "cy");
  const outcomes = run(state, [
    create("ann", "bob", "cy"),
    sendCard("ann"),
    update("ann", 2, 1, { userId: "bob" }),
    update("ann", 2, 3, { userId: "bob" }),
    update("ann", 2, 2, { userId: "bob" }),
    update("ann", 2, 3, { userId: "bob" }),
    update("ann", 2, 1, { userId: "cy", content: "c" }),
    update("ann", 2, 4, { userId: "bob", content: "" }),
    update("ann", 2, 4, { userId: "bob", content: "late" }),
  ]);
  assert.deepEqual(
    [codesOf(outcomes.slice(2)), ...["ann", "bob", "cy"].map((name) => toldTo(outcomes, name))],
    [
      ["done", "done", "card-outdated 4", "done", "done", "done", "card-outdated 5"],
      [],
      ["!v1", "!v3", "!"],
      ["!c"],
    ],
  );
  assert.deepEqual(
    [storedRows(state).messages.get(2)!.revision, [...storedRows(state).cardParts]],
    [
      0,
      [
        ["2/bob", { content: "", revision: 4 }],
        ["2/cy", { content: "c", revision: 1 }],
      ],
    ],
  );
});

test("actions are told to the sender of the card alone, numbered, and of everybody the last one stays", () => {
  const state = stateFor("ann", "bob", "cy");
  const outcomes = run(state, [
    create("ann", "bob", "cy"),
    sendCard("ann"),
    act("bob", 2, "a"),
    act("cy", 2, "b"),
    act("bob", 2, "c", { verb: "undo", revision: 7, timeMs: 3100 }),
    act("bob", 2, "c"),
    act("ann", 2, "d"),
  ]);
  const { cardActions, cards } = storedRows(state);
  const expected: CardAction = {
    userId: user("bob"),
    actionId: "c",
    verb: "undo",
    data: "{}",
    revision: 7,
    timeMs: 3100,
    number: 3,
  };
  assert.deepEqual(
    [toldTo(outcomes, "ann"), toldTo(outcomes, "bob"), toldTo(outcomes, "cy")],
    [["a 1", "b 2", "c 3", "d 4"], [], []],
  );
  assert.deepEqual([cardActions.get("2/bob"), cardActions.size, cards.get(2)!.actions], [expected, 3, 4]);
});

test("a sender who has left hears of no action; who comes back finds it", () => {
  const state = stateFor("ann", "bob", "cy");
  const outcomes = run(state, [
    create("ann", "bob", "cy"),
    sendCard("bob"),
    members("ann", true, "bob"),
    act("cy", 2, "a"),
  ]);
  assert.deepEqual(
    [codesOf(outcomes.slice(-1)), toldTo(outcomes, "bob"), storedRows(state).cardActions.size],
    [["done"], [], 1],
  );
});

test("who may not update a card or act on it is refused, and nothing changes", () => {
  const history: readonly ConversationRecord[] = [
    create("ann", "bob", "mute"),
    sendCard("ann", 1),
    sendCard("ann", 2),
    send("ann", 3),
    sendCard("bob", 1),
    sendCard("mute", 1),
    sendCard("ann", 4, ["mute"]),
    members("ann", false, "cy"),
    recall("ann", 3),
    members("ann", true, "bob"),
    setMember("ann", { userId: "mute", mutedUntilMs: 9_000 }),
  ];
  const cases = {
    "update of one who was removed": update("bob", 5, 2),
    "update by a stranger": update("eve", 2, 2),
    "update of what another sent": update("mute", 2, 2),
    "update by the owner of what another sent": update("ann", 6, 2),
    "update of what is not there": update("ann", 99, 2),
    "update of what was recalled": update("ann", 3, 2),
    "update of a text": update("ann", 4, 2),
    "update to nothing": update("ann", 2, 2, { content: "" }),
    "update of no revision": update("ann", 2, 0),
    "update by one who is muted": update("mute", 6, 2),
    "part of a stranger": update("ann", 2, 2, { userId: "eve" }),
    "part of one who came later": update("ann", 2, 2, { userId: "cy" }),
    "part of one who does not see it": update("ann", 7, 2, { userId: "cy" }),
    "edit of a card": edit("ann", 2, "text"),
    "action of one who was removed": act("bob", 2, "a"),
    "action of a stranger": act("eve", 2, "a"),
    "action on what was before one came": act("cy", 2, "a"),
    "action on what was recalled": act("ann", 3, "a"),
    "action on a text": act("ann", 4, "a"),
    "action on what is not there": act("ann", 99, "a"),
    "action of one who is muted": act("mute", 2, "a"),
  };
  const answers = Object.entries(cases).map(([name, each]) => {
    const state = stateFor("ann", "bob", "mute", "cy", "eve");
    run(state, history);
    const before = JSON.stringify([...storedRows(state).messages]);
    const [outcome] = run(state, [each]);
    const { cards, cardParts, cardActions, messages } = storedRows(state);
    const isSame = cards.size + cardParts.size + cardActions.size === 0;
    return [name, codesOf([outcome!])[0], isSame && before === JSON.stringify([...messages])];
  });
  assert.deepEqual(answers, [
    ["update of one who was removed", "not-a-member", true],
    ["update by a stranger", "not-a-member", true],
    ["update of what another sent", "not-allowed", true],
    ["update by the owner of what another sent", "not-allowed", true],
    ["update of what is not there", "message-unknown", true],
    ["update of what was recalled", "message-recalled", true],
    ["update of a text", "not-allowed", true],
    ["update to nothing", "bad-request", true],
    ["update of no revision", "bad-request", true],
    ["update by one who is muted", "muted", true],
    ["part of a stranger", "bad-request", true],
    ["part of one who came later", "bad-request", true],
    ["part of one who does not see it", "bad-request", true],
    ["edit of a card", "not-allowed", true],
    ["action of one who was removed", "not-a-member", true],
    ["action of a stranger", "not-a-member", true],
    ["action on what was before one came", "message-unknown", true],
    ["action on what was recalled", "message-recalled", true],
    ["action on a text", "not-allowed", true],
    ["action on what is not there", "message-unknown", true],
    ["action of one who is muted", "done", false],
  ]);
});

test("whom the scenario denies reactions acts on no card, whom it denies cards updates none, and a dissolved group has none", () => {
  const scenario = {
    ...CLASS,
    roles: CLASS.roles.map((role) =>
      role.name === "student" ? { ...role, denied: ["react"], kinds: ["card"] } : role,
    ),
  };
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [
    createAs("ann", ["bob"], { scenario }),
    sendCard("ann"),
    sendCard("bob"),
    react("bob", 2, "a"),
    act("bob", 2, "a"),
    update("bob", 3, 2),
    set("ann", { postBy: "admins" }),
    update("bob", 3, 3),
    dissolve("ann"),
    update("ann", 2, 2),
    act("ann", 2, "a"),
  ]);
  assert.deepEqual(codesOf(outcomes.slice(3)), [
    "not-allowed",
    "not-allowed",
    "done",
    "done",
    "not-allowed",
    "done",
    "not-a-member",
    "not-a-member",
  ]);
});

test("of a directed card those are told who see it", () => {
  const outcomes = run(stateFor("ann", "bob", "cy"), [
    create("ann", "bob", "cy"),
    sendCard("ann", 1, ["bob"]),
    update("ann", 2, 2),
    act("bob", 2, "a"),
    act("cy", 2, "b"),
  ]);
  assert.deepEqual(
    [codesOf(outcomes.slice(3)), ...["ann", "bob", "cy"].map((name) => toldTo(outcomes, name))],
    [["done", "message-unknown"], ["v2@1", "a 1"], ["v2@1"], []],
  );
});
