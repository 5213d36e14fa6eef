import assert from "node:assert/strict";
import { test } from "node:test";
import { coordinatesOf, locationBody } from "./bodies.js";
import { filled, type Init } from "./codec/schema.js";
import { encode } from "./codec/writer.js";
import type { UserId } from "./ids.js";
import { Body, textBody } from "./model.js";
import { CONTENT_KINDS, bodiesWithin, isSameBody, kindOf, mentionsUser } from "./content-kinds.js";
import { plainText } from "./plain-text.js";
import { isSafeLink, RichBlock, RichSpan } from "./rich-text.js";

const body = (fields: Init<Body>): Body => filled(Body, fields);
const block = (kind: RichBlock["kind"], ...texts: readonly string[]): RichBlock =>
  filled(RichBlock, { kind, spans: texts.map((text) => filled(RichSpan, { text })) });

test("the kinds are the fields below 10, by number", () => {
  assert.deepEqual(
    CONTENT_KINDS.filter((kind) => ["text", "notice", "rich", "reply", "mentions"].includes(kind)),
    ["text", "notice", "rich"],
  );
});

test("every kind is said in plain words", () => {
  const bodies = [
    textBody("hello"),
    body({ rich: { blocks: [block("heading", "Plan"), block("rule"), block("item", "buy ", "milk")] } }),
    body({ location: locationBody({ latitude: 1, longitude: 2, name: "Gate", address: "Street" }) }),
    body({ location: locationBody({ latitude: 1, longitude: 2, address: "Street" }) }),
    body({ merged: { title: "Team", items: [] } }),
    body({ custom: { type: "poll", payload: new Uint8Array(), fallbackText: "A poll" } }),
    body({ card: { content: '{"fallbackText":"A vote"}', revision: 1 } }),
    body({ signal: { type: "typing", payload: new Uint8Array() } }),
    body({ reply: { sequence: 1 } }),
    undefined,
  ];
  assert.deepEqual(bodies.map(plainText), [
    "hello",
    "Plan\n\nbuy milk",
    "Gate",
    "Street",
    "Team",
    "A poll",
    "A vote",
    "",
    "",
    "",
  ]);
});

test("what is added to a body is no kind of it", () => {
  const bodies = [body({ reply: { sequence: 1 } }), body({ ...textBody("x"), reply: { sequence: 1 } })];
  assert.deepEqual(bodies.map(kindOf), [undefined, "text"]);
});

test("a place has the degrees that it was made of, at the ends of the earth too", () => {
  const places = [
    { latitude: 48.2082, longitude: 16.3738 },
    { latitude: -90, longitude: -180 },
    { latitude: 90, longitude: 180 },
    { latitude: -33.8568001, longitude: 151.2152999 },
  ];
  assert.deepEqual(
    places.map((place) => coordinatesOf(locationBody(place))),
    places,
  );
});

test("somebody is mentioned by name or with all", () => {
  const [ann, bob] = ["ann" as UserId, "bob" as UserId];
  const bodies = [
    textBody("@ann"),
    body({ ...textBody("x"), mentions: { userIds: [ann], isAll: false } }),
    body({ ...textBody("x"), mentions: { userIds: [], isAll: true } }),
  ];
  assert.deepEqual(
    [ann, bob].map((user) => bodies.map((each) => mentionsUser(each, user))),
    [
      [false, true, true],
      [false, false, true],
    ],
  );
});

test("bodies are the same when they say the same, and what is merged in them is found", () => {
  const inner = body({
    merged: { title: "", items: [{ senderId: "a" as UserId, timeMs: 1, body: encode(Body, textBody("x")) }] },
  });
  const outer = body({
    merged: { title: "", items: [{ senderId: "b" as UserId, timeMs: 2, body: encode(Body, inner) }] },
  });
  assert.deepEqual(
    [[...bodiesWithin(outer)].map(plainText), isSameBody(outer, { ...outer }), isSameBody(outer, inner)],
    [["", "", "x"], true, false],
  );
});

test("only links of http, https and mailto are followed", () => {
  const links = {
    "https://example.org/a?b=c#d": true,
    "HTTP://example.org": true,
    "mailto:ann@example.org": true,
    "javascript:alert(1)": false,
    " https://example.org": false,
    "https://example.org/a b": false,
    "https://": false,
    "https://a\u0000b": false,
    "data:text/html,x": false,
    "//example.org": false,
    "java\nscript:alert(1)": false,
    "": false,
  };
  assert.deepEqual(Object.fromEntries(Object.keys(links).map((link) => [link, isSafeLink(link)])), links);
});
