import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Body,
  type Event,
  Event as EventSchema,
  type Init,
  decode,
  encode,
  filled,
  textBody,
} from "@parley/protocol";
import { contentOf } from "./content.js";
import { type EventFacts, eventFacts } from "./facts.js";

const conversationId = "g:team" as NonNullable<EventFacts["conversationId"]>;

/** Of an event with only the fields that matter. */
const facts = (event: object): EventFacts =>
  eventFacts(decode(EventSchema, encode(EventSchema, event as Init<Event>)));

/** As the field of an event has it. */
const inEvent = (message: { readonly revision: number }): object =>
  message.revision === 0 ? message : { message };

test("a message's event has the content of its text", () => {
  const text = { text: "hello" };
  const message = { conversationId, sequence: 7, body: filled(Body, { text }) };
  assert.deepEqual(facts({ message }), {
    kind: "message",
    conversationId,
    sequence: 7,
    content: contentOf("hello"),
  });
});

test("each state of a message has a content of its own, and the event of a change that of the state", () => {
  const body = textBody("hello");
  const states = [0, 1, 2].map((revision) => ({ conversationId, sequence: 7, body, revision }));
  const contents = states.map(
    (message) => facts({ [message.revision === 0 ? "message" : "changed"]: inEvent(message) }).content,
  );
  assert.deepEqual([new Set(contents).size, contents[0]], [3, contentOf("hello")]);
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
    { changed: { message: { conversationId, sequence: 8, revision: 1 } } },
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
      ["changed", 8, undefined],
      ["other", 0, undefined],
    ],
  );
});
