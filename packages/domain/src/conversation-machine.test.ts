import assert from "node:assert/strict";
import { test } from "node:test";
import { type Event, Event as EventSchema, decode } from "@parley/protocol";
import fc from "fast-check";
import type { ConversationOutcome } from "./conversation-machine.js";
import { type ConversationRecord, DAYS_NEVER } from "./conversation-record.js";
import type { ConversationState } from "./conversation-state.js";
import { applyLoaded } from "./testing/loaded.js";
import {
  create,
  edit,
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

function run(
  state: ConversationState,
  records: readonly ConversationRecord[],
  from = 0,
): ConversationOutcome[] {
  return records.map((each, index) => applyLoaded(state, each, from + index));
}

function eventsOf(outcome: ConversationOutcome, name: string): Event[] {
  return outcome.emissions
    .filter((emission) => emission.userIds.includes(user(name)))
    .map((emission) => decode(EventSchema, emission.event));
}

test("C1: sequences have no hole, notices included", () => {
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [create("ann", "bob"), send("ann", 1), send("bob", 1), send("ann", 2)]);
  const sequences = outcomes
    .flatMap((outcome) => outcome.changes?.messages ?? [])
    .map((message) => message.sequence);
  assert.deepEqual(sequences, [1, 2, 3, 4]);
});

test("C2: time never goes back within a conversation", () => {
  const state = stateFor("ann");
  const outcomes = run(state, [
    create("ann"),
    send("ann", 1, { timeMs: 9000 }),
    send("ann", 2, { timeMs: 5000 }),
  ]);
  assert.equal(outcomes[2]!.changes!.messages[0]!.timeMs, 9000);
});

test("C3: a repeated send gets the first one's place and changes nothing", () => {
  const state = stateFor("ann");
  const outcomes = run(state, [create("ann"), send("ann", 1), send("ann", 1)]);
  assert.deepEqual(outcomes[2]!.verdict, { ...outcomes[1]!.verdict, isRepeat: true });
  assert.equal(outcomes[2]!.changes, undefined);
  assert.deepEqual(outcomes[2]!.emissions, []);
});

test("C3: who has left since is told what became of a send, and sends nothing new", () => {
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [
    create("ann", "bob"),
    send("bob", 1),
    members("ann", true, "bob"),
    send("bob", 1),
    send("bob", 2),
  ]);
  assert.deepEqual(
    [outcomes[3]!.verdict, outcomes[4]!.verdict],
    [
      { ...outcomes[1]!.verdict, isRepeat: true },
      { kind: "refused", code: "not-a-member" },
    ],
  );
});

test("C3: a send before its turn is refused with the number that is expected", () => {
  const state = stateFor("ann");
  const outcomes = run(state, [create("ann"), send("ann", 2)]);
  assert.deepEqual(outcomes[1]!.verdict, { kind: "refused", code: "too-early", expected: 1 });
});

test("C3: a used number with another message is refused", () => {
  const state = stateFor("ann");
  const outcomes = run(state, [create("ann"), send("ann", 1), send("ann", 1, { name: "other" })]);
  assert.deepEqual(outcomes[2]!.verdict, { kind: "refused", code: "send-order", expected: 2 });
});

test("C4: a refused record changes nothing", () => {
  const state = stateFor("ann", "eve");
  run(state, [create("ann")]);
  const before = structuredClone(state);
  const outcome = applyLoaded(state, send("eve", 1), 1);
  assert.deepEqual(outcome, {
    verdict: { kind: "refused", code: "not-a-member" },
    changes: undefined,
    emissions: [],
  });
  assert.deepEqual(state, before);
});

test("C5: a message goes to exactly those who are members when it is applied", () => {
  const state = stateFor("ann", "bob", "cy");
  const outcomes = run(state, [
    create("ann", "bob"),
    send("ann", 1),
    members("ann", false, "cy"),
    send("ann", 2),
    members("ann", true, "bob"),
    send("ann", 3),
  ]);
  const texts = (name: string): string[] =>
    outcomes
      .flatMap((outcome) => eventsOf(outcome, name))
      .flatMap((event) => event.message?.body?.text?.text ?? []);
  assert.deepEqual(
    [texts("ann"), texts("bob"), texts("cy")],
    [
      ["ann-1", "ann-2", "ann-3"],
      ["ann-1", "ann-2"],
      ["ann-2", "ann-3"],
    ],
  );
});

test("C6: a record that is applied already is skipped", () => {
  const state = stateFor("ann");
  run(state, [create("ann"), send("ann", 1)]);
  const again = applyLoaded(state, send("ann", 1), 1);
  assert.deepEqual(again, { verdict: { kind: "done" }, changes: undefined, emissions: [] });
});

test("C7: a trim is told to all members once, and what it took never comes back", () => {
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [
    create("ann", "bob"),
    send("ann", 1),
    send("ann", 2),
    trim(3),
    trim(3),
    trim(2),
  ]);
  const told = (name: string): unknown[] =>
    outcomes.flatMap((outcome) => eventsOf(outcome, name)).flatMap((event) => event.trimmed ?? []);
  assert.deepEqual(
    [state.head!.firstKept, told("ann"), told("bob"), outcomes.slice(3).map(({ verdict }) => verdict.kind)],
    [
      3,
      [{ conversationId: "g:test", firstVisible: 3 }],
      [{ conversationId: "g:test", firstVisible: 3 }],
      ["done", "done", "done"],
    ],
  );
});

test("C7: the newest message is always kept, and sequences go on above it", () => {
  const state = stateFor("ann");
  const outcomes = run(state, [create("ann"), send("ann", 1), trim(99), send("ann", 2)]);
  assert.deepEqual(
    [state.head!.firstKept, outcomes[3]!.changes!.messages.map(({ sequence }) => sequence)],
    [2, [3]],
  );
});

test("C7: a trim that takes nothing is told to nobody", () => {
  const state = stateFor("ann");
  const outcomes = run(state, [create("ann"), send("ann", 1), trim(0), trim(1)]);
  assert.deepEqual([state.head!.firstKept, outcomes.slice(2).flatMap(({ emissions }) => emissions)], [0, []]);
});

test("C7: who joins an open group later sees what is kept", () => {
  const state = stateFor("ann", "cy");
  const open = create("ann");
  const creation = record({ create: { ...open.create!, isHistoryOpen: true } });
  const outcomes = run(state, [
    creation,
    send("ann", 1),
    send("ann", 2),
    trim(3),
    members("ann", false, "cy"),
  ]);
  assert.deepEqual(
    [state.members.get(user("cy"))!.firstVisible, eventsOf(outcomes[4]!, "cy")[0]!.joined!.firstVisible],
    [3, 3],
  );
});

test("how long messages are kept is noted and told to nobody", () => {
  const state = stateFor("ann");
  const outcomes = run(state, [
    create("ann"),
    record({ keeping: { keepDays: 30, coldAfterDays: DAYS_NEVER } }),
  ]);
  assert.deepEqual(
    [state.head!.keepDays, state.head!.coldAfterDays, outcomes[1]!.emissions],
    [30, DAYS_NEVER, []],
  );
});

test("a conversation that does not exist is not trimmed into existence", () => {
  const state = stateFor("ann");
  const kinds = run(state, [trim(3), record({ keeping: { keepDays: 1, coldAfterDays: 1 } })]).map(
    ({ verdict }) => verdict,
  );
  assert.deepEqual([kinds.map((verdict) => verdict.kind), state.head], [["refused", "refused"], undefined]);
});

test("a new member of a group with closed history sees only what comes after", () => {
  const state = stateFor("ann", "cy");
  run(state, [create("ann"), send("ann", 1), members("ann", false, "cy")]);
  assert.equal(state.members.get(user("cy"))!.firstVisible, 3);
});

test("only owner and admin remove others, and nobody removes the owner", () => {
  const state = stateFor("ann", "bob", "cy");
  const outcomes = run(state, [
    create("ann", "bob", "cy"),
    members("bob", true, "cy"),
    members("bob", true, "ann"),
    members("bob", true, "bob"),
  ]);
  const kinds = outcomes.map(({ verdict }) => (verdict.kind === "refused" ? verdict.code : verdict.kind));
  assert.deepEqual(kinds, ["done", "not-allowed", "not-allowed", "done"]);
});

test("when the owner leaves, the member of longest standing becomes owner", () => {
  const state = stateFor("ann", "bob");
  run(state, [create("ann", "bob"), members("ann", true, "ann")]);
  assert.equal(state.members.get(user("bob"))!.role, "owner");
});

test("history is brought in once, in order, and does not count as unread", () => {
  const state = stateFor("ann");
  const items = [1, 2, 3].map((at) => ({
    senderId: user("ann"),
    timeMs: at,
    messageId: `h${at}` as never,
    text: `line ${at}`,
  }));
  const history = record({ history: { index: 0, items, isLast: true } });
  const outcomes = run(state, [create("ann"), history, history]);
  assert.equal(state.head!.lastSequence, 4);
  assert.equal(outcomes[2]!.verdict.kind, "refused");
  assert.ok(outcomes[1]!.changes!.messages.every((message) => !message.isCountable));
});

test("reading moves forward only, is told to the reader and the sender, and cannot pass the end", () => {
  const state = stateFor("ann", "bob");
  const outcomes = run(state, [create("ann", "bob"), send("ann", 1), read("bob", 99), read("bob", 1)]);
  assert.deepEqual(
    outcomes[2]!.emissions.map((emission) => emission.userIds),
    [["bob"], ["ann"]],
  );
  assert.equal(eventsOf(outcomes[2]!, "bob")[0]!.read!.sequence, 2);
  assert.deepEqual(outcomes[3]!.emissions, []);
});

test("a replay from any point gives the same state and the same events", () => {
  const names = ["ann", "bob", "cy"];
  const name = fc.constantFrom(...names);
  const step = fc.oneof(
    fc
      .record({ sender: name, number: fc.integer({ min: 1, max: 4 }) })
      .map(({ sender, number }) => send(sender, number)),
    fc.record({ reader: name, to: fc.integer({ min: 0, max: 9 }) }).map(({ reader, to }) => read(reader, to)),
    fc
      .record({ actor: name, isRemoval: fc.boolean(), other: name })
      .map(({ actor, isRemoval, other }) => members(actor, isRemoval, other)),
    fc.integer({ min: 0, max: 12 }).map(trim),
    fc
      .record({ actor: name, at: fc.integer({ min: 1, max: 9 }), text: fc.constantFrom("a", "b") })
      .map(({ actor, at, text }) => edit(actor, at, text)),
    fc.record({ actor: name, at: fc.integer({ min: 1, max: 9 }) }).map(({ actor, at }) => recall(actor, at)),
    fc
      .record({
        actor: name,
        at: fc.integer({ min: 1, max: 9 }),
        key: fc.constantFrom("a", "b"),
        isRemoval: fc.boolean(),
        windowMs: fc.constantFrom(0, 500),
      })
      .map(({ actor, at, key, ...options }) => react(actor, at, key, options)),
    fc
      .record({ actor: name, at: fc.integer({ min: 1, max: 9 }), isRemoval: fc.boolean() })
      .map(({ actor, at, isRemoval }) => pin(actor, at, isRemoval)),
    fc.constant(spread()),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, cutAt) => {
      const records = [create("ann", "bob"), ...steps];
      const straight = stateFor(...names);
      const outcomes = run(straight, records);
      // A crash after `cut` records whose rows survived; the log is replayed from its beginning.
      const cut = cutAt % records.length;
      const replayed = stateFor(...names);
      run(replayed, records.slice(0, cut));
      const again = run(replayed, records);
      assert.deepEqual(replayed, straight);
      assert.deepEqual(again.slice(cut), outcomes.slice(cut));
    }),
  );
});
