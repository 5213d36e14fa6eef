import assert from "node:assert/strict";
import { test } from "node:test";
import { type Event, Event as EventSchema, type Init, decode, encode } from "@parley/protocol";
import { contentOf } from "./content.js";
import { type EventFacts, eventFacts } from "./facts.js";

const conversationId = "g:team" as NonNullable<EventFacts["conversationId"]>;

/** Of an event with only the fields that matter. */
const facts = (event: object): EventFacts =>
  eventFacts(decode(EventSchema, encode(EventSchema, event as Init<Event>)));

test("a message's event has the content of its text", () => {
  const text = { text: "hello" };
  const message = { conversationId, sequence: 7, body: { text, notice: undefined } };
  assert.deepEqual(facts({ message }), {
    kind: "message",
    conversationId,
    sequence: 7,
    content: contentOf("hello"),
  });
});

test("notices differ by what they say", () => {
  const content = (code: string): number =>
    facts({ message: { conversationId, sequence: 1, body: { notice: { code } } } }).content;
  assert.notEqual(content("joined"), content("left"));
});

test("other events have their sequences", () => {
  const events = [
    { read: { conversationId, sequence: 3 } },
    { hidden: { conversationId, sequences: [1, 2] } },
    { joined: { conversationId, lastSequence: 4 } },
    { left: { conversationId, sequence: 5 } },
    { advanced: { conversationId, lastSequence: 6 } },
    { trimmed: { conversationId, firstVisible: 7 } },
    {},
  ];
  assert.deepEqual(
    events.map((event) => {
      const { kind, sequence, sequences } = facts(event);
      return [kind, sequence, sequences];
    }),
    [
      ["read", 3, undefined],
      ["hidden", 0, [1, 2]],
      ["joined", 4, undefined],
      ["left", 5, undefined],
      ["advanced", 6, undefined],
      ["trimmed", 7, undefined],
      ["other", 0, undefined],
    ],
  );
});
