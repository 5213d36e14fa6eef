import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ConversationId,
  type Event,
  type ReadCount,
  type Reactions,
  Event as EventSchema,
  PINS_MAX,
  READS_TOLD_MAX,
  REACTIONS_PER_USER_MAX,
  REACTION_KEYS_MAX,
  REACTION_USERS_SHOWN_MAX,
  decode,
  newerReactions,
} from "@parley/protocol";
import fc from "fast-check";
import type { ConversationOutcome } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import type { ConversationState } from "./conversation-state.js";
import { hasMarks, UNSPREAD_MAX } from "./marks.js";
import { applyLoaded, storedRows } from "./testing/loaded.js";
import {
  create,
  members,
  pin,
  react,
  read,
  recall,
  record,
  send,
  spread,
  stateFor,
  trim,
  user,
} from "./testing/records.js";

const WINDOW_MS = 1_000;

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

/** The summaries that somebody was told, short: "a2 b1" with "!" when it says what is mine. */
function summariesFor(outcomes: readonly ConversationOutcome[], name: string): string[] {
  return eventsFor(outcomes, name).flatMap(({ reactions }) => {
    const told = reactions?.reactions;
    if (told === undefined) return [];
    return [
      told.items.map(({ key, count }) => `${key}${count}`).join(" ") + (told.mineRevision > 0 ? "!" : ""),
    ];
  });
}

test("a reaction is told to its giver at once, and to the others with the window", () => {
  const outcomes = run(stateFor("ann", "bob"), [
    create("ann", "bob"),
    send("ann", 1),
    react("ann", 2, "a", { timeMs: 3000, windowMs: WINDOW_MS }),
    react("ann", 2, "b", { timeMs: 3999, windowMs: WINDOW_MS }),
    react("ann", 2, "a", { timeMs: 3999, windowMs: WINDOW_MS, isRemoval: true }),
    react("ann", 2, "c", { timeMs: 4000, windowMs: WINDOW_MS }),
  ]);
  assert.deepEqual(
    [summariesFor(outcomes, "ann"), summariesFor(outcomes, "bob")],
    [
      ["a1!", "a1", "a1 b1!", "b1!", "b1 c1!", "b1 c1"],
      ["a1", "b1 c1"],
    ],
  );
});

test("R2: what waits is told by a spread record, once", () => {
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [
    create("ann", "bob"),
    send("ann", 1),
    send("ann", 2),
    react("ann", 2, "a", { windowMs: WINDOW_MS }),
    react("ann", 2, "b", { windowMs: WINDOW_MS }),
    react("ann", 3, "c", { windowMs: WINDOW_MS }),
    react("ann", 3, "d", { windowMs: WINDOW_MS }),
  ]);
  const isMarked = hasMarks(state.head!);
  const told = [spread(3_500), spread(3_600)].map((each, index) => applyLoaded(state, each, 10 + index));
  const next = applyLoaded(state, react("ann", 2, "e", { timeMs: 4_499, windowMs: WINDOW_MS }), 20);
  assert.deepEqual(
    [
      summariesFor(outcomes, "bob"),
      isMarked,
      told.map((each) => summariesFor([each], "bob")),
      hasMarks(state.head!),
    ],
    [["a1", "c1"], true, [["a1 b1", "c1 d1"], []], true],
  );
  assert.deepEqual(summariesFor([next], "bob"), []);
});

test("R2: what was told at once does not wait any more", () => {
  const state = stateFor("ann", "bob");
  run(state, [
    create("ann", "bob"),
    send("ann", 1),
    react("ann", 2, "a", { timeMs: 3000, windowMs: WINDOW_MS }),
    react("ann", 2, "b", { timeMs: 3500, windowMs: WINDOW_MS }),
    react("ann", 2, "c", { timeMs: 4000, windowMs: WINDOW_MS }),
  ]);
  assert.deepEqual(state.head!.reacting, { unspread: [] });
});

test("what is given twice, or taken back without being given, is done and told to nobody", () => {
  const outcomes = run(stateFor("ann", "bob"), [
    create("ann", "bob"),
    send("ann", 1),
    react("ann", 2, "a"),
    react("ann", 2, "a"),
    react("bob", 2, "a", { isRemoval: true }),
  ]);
  assert.deepEqual(
    [codesOf(outcomes.slice(3)), outcomes.slice(3).flatMap(({ emissions }) => emissions)],
    [["done", "done"], []],
  );
});

test("who may not react or pin is refused, and nothing changes", () => {
  const history: readonly ConversationRecord[] = [
    create("ann", "bob"),
    send("ann", 1),
    send("ann", 2),
    members("ann", false, "cy"),
    recall("ann", 3),
    members("ann", true, "bob"),
  ];
  const answers = Object.fromEntries(
    Object.entries({
      "reaction of one who was removed": react("bob", 2, "a"),
      "reaction of a stranger": react("eve", 2, "a"),
      "reaction to what is not there": react("ann", 99, "a"),
      "reaction to what was before one came": react("cy", 2, "a"),
      "reaction to what was recalled": react("ann", 3, "a"),
      "reaction to a notice": react("ann", 1, "a"),
      "pin of one who was removed": pin("bob", 2),
      "pin of what is not there": pin("ann", 99),
      "pin of what was before one came": pin("cy", 2),
      "pin of what was recalled": pin("ann", 3),
      "pin of a notice": pin("ann", 1),
      "no pin of what has none": pin("ann", 2, true),
    }).map(([name, each]) => {
      const state = stateFor("ann", "bob", "cy", "eve");
      const [outcome] = run(state, [...history, each]).slice(-1);
      const rows = storedRows(state);
      const isEmpty = rows.sums.size + rows.reactions.size + rows.pins.size === 0;
      return [name, `${codesOf([outcome!])[0]}${isEmpty ? "" : ", with rows"}`];
    }),
  );
  assert.deepEqual(answers, {
    "reaction of one who was removed": "not-a-member",
    "reaction of a stranger": "not-a-member",
    "reaction to what is not there": "message-unknown",
    "reaction to what was before one came": "message-unknown",
    "reaction to what was recalled": "message-recalled",
    "reaction to a notice": "not-allowed",
    "pin of one who was removed": "not-a-member",
    "pin of what is not there": "message-unknown",
    "pin of what was before one came": "message-unknown",
    "pin of what was recalled": "message-recalled",
    "pin of a notice": "done, with rows",
    "no pin of what has none": "done",
  });
});

test("C11: reactions and pins of a directed message are for those who see it", () => {
  const state = stateFor("ann", "bob", "cy");
  const outcomes = run(state, [
    create("ann", "bob", "cy"),
    send("ann", 1, { audience: ["bob"] }),
    react("bob", 2, "a"),
    pin("ann", 2),
    react("cy", 2, "a"),
    pin("cy", 2),
    recall("ann", 2),
    read("bob", 2),
  ]);
  const told = (name: string): number =>
    eventsFor(outcomes, name).filter(({ reactions, pinned, readers }) => reactions ?? pinned ?? readers)
      .length;
  assert.deepEqual(
    [codesOf(outcomes.slice(2, 6)), told("ann"), told("bob"), told("cy")],
    [["done", "done", "message-unknown", "message-unknown"], 3, 4, 0],
  );
});

test("a message has so many reactions, and so many of one user", () => {
  const users = Array.from({ length: 6 }, (_, index) => `u${index}`);
  const state = stateFor(...users);
  const of = (name: string, from: number, count: number): ConversationRecord[] =>
    Array.from({ length: count }, (_, index) => react(name, 2, `k${from + index}`));
  const outcomes = run(state, [
    create("u0", ...users.slice(1)),
    send("u0", 1),
    ...users.slice(0, 5).flatMap((name, index) => of(name, index * 10, REACTIONS_PER_USER_MAX + 1)),
    ...of("u5", 100, 1),
    // One that is there already is given all the same.
    ...of("u5", 0, 1),
  ]);
  const refusedCount = codesOf(outcomes).filter((code) => code === "too-many-reactions").length;
  const sum = storedRows(state).sums.get(2)!;
  assert.deepEqual(
    [refusedCount, sum.items.length, sum.items[0]!.count, codesOf(outcomes).slice(-2)],
    [6, REACTION_KEYS_MAX, 2, ["too-many-reactions", "done"]],
  );
});

test(`beyond ${UNSPREAD_MAX} messages that wait, a reaction is told at once`, () => {
  const state = stateFor("ann", "bob");
  const count = UNSPREAD_MAX + 1;
  const sends = Array.from({ length: count }, (_, index) => send("ann", index + 1));
  const first = sends.map((_, index) => react("ann", index + 2, "a", { windowMs: WINDOW_MS }));
  const second = sends.map((_, index) => react("ann", index + 2, "b", { windowMs: WINDOW_MS }));
  const outcomes = run(state, [create("ann", "bob"), ...sends, ...first, ...second]);
  assert.deepEqual(
    [state.head!.reacting!.unspread.length, summariesFor(outcomes.slice(-count), "bob")],
    [UNSPREAD_MAX, ["a1 b1"]],
  );
});

test("R3: what is recalled or no longer kept has no reactions, and is not told of", () => {
  const state = stateFor("ann", "bob");
  const waiting = { windowMs: WINDOW_MS };
  const outcomes = run(state, [
    create("ann", "bob"),
    ...[1, 2, 3].map((number) => send("ann", number)),
    ...[2, 3].flatMap((at) => [react("ann", at, "a", waiting), react("ann", at, "b", waiting)]),
    recall("ann", 3),
    trim(3),
    spread(),
  ]);
  assert.deepEqual(
    [storedRows(state).sums.has(3), hasMarks(state.head!), outcomes.at(-1)!.emissions],
    [false, false, []],
  );
});

test("pins are told with who pinned, and go with a recall and with a trim", () => {
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [
    create("ann", "bob"),
    ...[1, 2, 3].map((number) => send("ann", number)),
    pin("bob", 3),
    pin("ann", 2),
    pin("ann", 2),
    pin("ann", 4),
    recall("ann", 4),
    trim(3),
  ]);
  const told = eventsFor(outcomes, "bob").flatMap(({ pinned }) =>
    pinned === undefined
      ? []
      : [`${pinned.revision}: ${pinned.actorId} ${pinned.isPinned ? "pins" : "unpins"} ${pinned.sequence}`],
  );
  assert.deepEqual(
    [told, state.head!.pinning, [...storedRows(state).pins.keys()]],
    [
      ["1: bob pins 3", "2: ann pins 2", "3: ann pins 4", "4: ann unpins 4"],
      { revision: 5, sequences: [3] },
      [3],
    ],
  );
});

test(`a conversation has ${PINS_MAX} pins at most, and room again when one is taken away`, () => {
  const count = PINS_MAX + 1;
  const sends = Array.from({ length: count }, (_, index) => send("ann", index + 1));
  const pins = sends.map((_, index) => pin("ann", index + 2));
  const outcomes = run(stateFor("ann"), [
    create("ann"),
    ...sends,
    ...pins,
    pin("ann", 2, true),
    pin("ann", count + 1),
  ]);
  assert.deepEqual(codesOf(outcomes.slice(-4)), ["done", "too-many-pins", "done", "done"]);
});

test("in a direct conversation reading is told at once, whatever the window", () => {
  const creation = create("ann", "bob");
  const direct = { ...creation, conversationId: "d:ann:bob" as ConversationId };
  const inDirect = (each: ConversationRecord): ConversationRecord => ({
    ...each,
    conversationId: direct.conversationId,
  });
  const state = stateFor("ann", "bob");
  const here: ConversationState = { ...state, key: { ...state.key, conversationId: direct.conversationId } };
  const outcomes = run(here, [
    { ...direct, create: { ...creation.create!, isDirect: true } },
    ...[1, 2].map((number) => inDirect(send("ann", number))),
    inDirect(read("bob", 1, { timeMs: 3000, windowMs: WINDOW_MS })),
    inDirect(read("bob", 2, { timeMs: 3000, windowMs: WINDOW_MS })),
  ]);
  const told = eventsFor(outcomes, "ann").flatMap(({ readers }) => readers?.counts ?? []);
  assert.deepEqual(told, [
    { sequence: 1, read: 1, unread: 0 },
    { sequence: 2, read: 1, unread: 0 },
  ]);
});

test("the count of a message that is followed no longer is told once more", () => {
  const names = ["ann", "bob", "cy"];
  const state = stateFor(...names);
  const outcomes = run(state, [
    create("ann", "bob", "cy"),
    ...Array.from({ length: READS_TOLD_MAX }, (_, index) => send("ann", index + 1)),
    read("bob", 2, { timeMs: 3000, windowMs: WINDOW_MS }),
    read("cy", 2, { timeMs: 3000, windowMs: WINDOW_MS }),
    send("ann", READS_TOLD_MAX + 1),
  ]);
  const told = eventsFor(outcomes, "ann").flatMap(({ readers }) => readers?.counts ?? []);
  assert.deepEqual(told, [
    { sequence: 2, read: 1, unread: 1 },
    { sequence: 2, read: 2, unread: 0 },
  ]);
});

test("R1, R2, N1, N2: after a spread everybody was told what the rows say, whatever was merged", () => {
  const names = ["ann", "bob", "cy"];
  const name = fc.constantFrom(...names);
  const at = fc.integer({ min: 1, max: 7 });
  const key = fc.constantFrom("a", "b", "c");
  const timeMs = fc.integer({ min: 2_000, max: 5_000 });
  const windowMs = fc.constantFrom(0, 400, WINDOW_MS);
  const numbers = new Map<string, number>();
  const step = fc.oneof(
    { weight: 3, arbitrary: name.map((sender) => () => sendNext(numbers, sender)) },
    {
      weight: 5,
      arbitrary: fc.record({ actor: name, at, key, timeMs, windowMs, isRemoval: fc.boolean() }).map(
        ({ actor, at: to, key: given, ...options }) =>
          () =>
            react(actor, to, given, options),
      ),
    },
    {
      weight: 4,
      arbitrary: fc.record({ reader: name, at, timeMs, windowMs }).map(
        ({ reader, at: to, ...options }) =>
          () =>
            read(reader, to, options),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.record({ actor: name, at, isRemoval: fc.boolean() }).map(
        ({ actor, at: to, isRemoval }) =>
          () =>
            pin(actor, to, isRemoval),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(name, at).map(
        ([actor, to]) =>
          () =>
            recall(actor, to),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(name, fc.boolean()).map(
        ([other, isRemoval]) =>
          () =>
            members("ann", isRemoval, other),
      ),
    },
    { weight: 1, arbitrary: timeMs.map((ms) => () => spread(ms)) },
    { weight: 1, arbitrary: at.map((before) => () => trim(before)) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), fc.boolean(), (steps, isHistoryOpen) => {
      numbers.clear();
      const state = stateFor(...names);
      const creation = create("ann", "bob", "cy");
      const records = [
        record({ create: { ...creation.create!, isHistoryOpen } }),
        ...steps.map((make) => make()),
        spread(9_000),
      ];
      const outcomes = run(state, records);
      const rows = storedRows(state);
      assert.equal(hasMarks(state.head!), false);
      for (const [userId, member] of state.members) {
        const events = eventsFor(outcomes, userId);
        const joinedAt = events.findLastIndex(({ joined }) => joined !== undefined);
        const told = toldOf(events.slice(joinedAt));
        const from = Math.max(state.head!.firstKept, member.firstVisible);
        for (const [sequence, message] of rows.messages) {
          const reactions = told.reactions.get(sequence);
          if (sequence < from || reactions === undefined || message.recall !== undefined) continue;
          const { revision, items } = rows.sums.get(sequence)!;
          const own = rows.reactions.get(`${sequence}/${userId}`);
          assert.deepEqual({ revision: reactions.revision, items: reactions.items }, { revision, items });
          if (joinedAt === 0)
            assert.deepEqual([reactions.mine, reactions.mineRevision], [own?.keys ?? [], own?.revision ?? 0]);
        }
        for (const count of told.counts.values())
          if (count.sequence >= from) assert.deepEqual(count, countOf(state, count.sequence));
      }
      for (const { sequence, read: readers, unread } of state.head!.recent)
        assert.deepEqual({ sequence, read: readers, unread }, countOf(state, sequence));
      for (const [sequence, { items }] of rows.sums)
        assert.deepEqual(items.map(withoutUsers), countedItems(state, sequence, items));
      assert.deepEqual(
        state.head!.pinning?.sequences ?? [],
        [...rows.pins.keys()].toSorted((one, other) => one - other),
      );
      assert.ok([...rows.pins.keys()].every((sequence) => rows.messages.get(sequence)!.recall === undefined));
    }),
    { numRuns: 500 },
  );
});

interface Told {
  readonly reactions: Map<number, Reactions>;
  readonly counts: Map<number, ReadCount>;
}

/** What a device that hears these events knows in the end. */
function toldOf(events: readonly Event[]): Told {
  const told: Told = { reactions: new Map(), counts: new Map() };
  for (const { reactions, readers } of events) {
    if (reactions !== undefined)
      told.reactions.set(
        reactions.sequence,
        newerReactions(told.reactions.get(reactions.sequence), reactions.reactions)!,
      );
    for (const count of readers?.counts ?? []) told.counts.set(count.sequence, count);
  }
  return told;
}

/** Counted by walking over all members. */
function countOf(state: ConversationState, sequence: number): ReadCount {
  const senderId = storedRows(state).messages.get(sequence)!.senderId;
  const others = [...state.members].filter(
    ([userId, { firstVisible }]) => userId !== senderId && firstVisible <= sequence,
  );
  const readers = others.filter(([, { readSequence }]) => readSequence >= sequence);
  return { sequence, read: readers.length, unread: others.length - readers.length };
}

function withoutUsers({
  key,
  count,
}: {
  readonly key: string;
  readonly count: number;
}): readonly [string, number] {
  return [key, count];
}

/** The summary, counted from everybody's row. */
function countedItems(
  state: ConversationState,
  sequence: number,
  items: readonly { readonly key: string; readonly userIds: readonly string[] }[],
): readonly (readonly [string, number])[] {
  const given = [...storedRows(state).reactions].flatMap(([place, { keys }]) =>
    place.startsWith(`${sequence}/`) ? keys : [],
  );
  assert.ok(items.every(({ userIds }) => userIds.length <= REACTION_USERS_SHOWN_MAX && userIds.length > 0));
  return items.map(({ key }) => [key, given.filter((one) => one === key).length]);
}

function sendNext(numbers: Map<string, number>, sender: string): ConversationRecord {
  const number = (numbers.get(sender) ?? 0) + 1;
  numbers.set(sender, number);
  return send(sender, number);
}
