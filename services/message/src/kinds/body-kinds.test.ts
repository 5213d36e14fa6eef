/** What of each kind is refused, and that nothing comes of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import {
  type Init,
  type RichBlock as Block,
  type UserId,
  AUDIENCE_MAX,
  Body,
  CUSTOM_BYTES_MAX,
  FALLBACK_BYTES_MAX,
  LINK_BYTES_MAX,
  MENTIONS_MAX,
  MERGED_ITEMS_MAX,
  PLACE_BYTES_MAX,
  RICH_BYTES_MAX,
  RICH_NODES_MAX,
  RichBlock,
  RichSpan,
  SIGNAL_BYTES_MAX,
  TITLE_BYTES_MAX,
  TYPE_BYTES_MAX,
  filled,
  locationBody,
  textBody,
} from "@parley/protocol";
import { checkedAudience, checkedBody, checkedForward } from "../checked-body.js";

const ANN = "ann" as UserId;
const MEGA = 10 * 1024 * 1024;
const bytes = (count: number): Uint8Array => new Uint8Array(count);
const users = (count: number): UserId[] => Array.from({ length: count }, (_, index) => `u${index}` as UserId);

const span = (fields: Init<RichSpan>): RichSpan => filled(RichSpan, { text: "x", ...fields });
const block = (fields: Init<Block>): Block =>
  filled(RichBlock, { kind: "paragraph", spans: [span({})], ...fields });
const rich = (...blocks: readonly Block[]): Init<Body> => ({ rich: { blocks } });
const spans = (...all: readonly Init<RichSpan>[]): Init<Body> => rich(block({ spans: all.map(span) }));
const custom = (fields: Init<NonNullable<Body["custom"]>>): Init<Body> => ({
  custom: { type: "poll", payload: bytes(1), fallbackText: "A poll", ...fields } as NonNullable<
    Body["custom"]
  >,
});
const signal = (type: string, count: number): Init<Body> => ({ signal: { type, payload: bytes(count) } });
const place = (fields: object): Init<Body> => ({
  location: { ...locationBody({ latitude: 1, longitude: 1 }), ...fields },
});
const mentions = (userIds: readonly string[]): NonNullable<Body["mentions"]> => ({
  userIds: userIds as UserId[],
  isAll: false,
});

/** The code that a body is refused with, or "ok". */
function codeOf(check: () => unknown): string {
  try {
    check();
    return "ok";
  } catch (error) {
    return failureCode(error) ?? String(error);
  }
}

const CASES: readonly (readonly [string, Init<Body>, string])[] = [
  [
    "a rich text",
    rich(block({}), block({ kind: "rule", spans: [] }), block({ kind: "heading", level: 3 })),
    "ok",
  ],
  ["an ordered item", rich(block({ kind: "item", level: 3, isOrdered: true })), "ok"],
  ["code in a language", rich(block({ kind: "code", language: "ts" })), "ok"],
  ["a link", spans({ link: "https://example.org" }), "ok"],
  ["a rich text that mentions", { ...spans({ userId: ANN }), mentions: mentions(["ann"]) }, "ok"],
  ["no block", rich(), "bad-request"],
  ["only blanks", spans({ text: " \n" }), "bad-request"],
  ["a block of a kind that nobody knows", rich(block({ kind: "html" as "code" })), "bad-request"],
  ["a heading of level 4", rich(block({ kind: "heading", level: 4 })), "bad-request"],
  ["an item of level 0", rich(block({ kind: "item" })), "bad-request"],
  ["a list that is nested too deeply", rich(block({ kind: "item", level: 4 })), "bad-request"],
  ["a paragraph with a level", rich(block({ level: 1 })), "bad-request"],
  ["an ordered heading", rich(block({ kind: "heading", level: 1, isOrdered: true })), "bad-request"],
  ["a quote in a language", rich(block({ kind: "quote", language: "ts" })), "bad-request"],
  ["a rule with a text", rich(block({ kind: "rule" })), "bad-request"],
  ["a paragraph without a span", rich(block({}), block({ spans: [] })), "bad-request"],
  ["an empty span", spans({}, { text: "" }), "bad-request"],
  ["bold code", rich(block({ kind: "code", spans: [span({ isBold: true })] })), "bad-request"],
  ["code of two spans", rich(block({ kind: "code", spans: [span({}), span({})] })), "bad-request"],
  ["a link to a script", spans({ link: "javascript:alert(1)" }), "bad-request"],
  ["a link that is too long", spans({ link: `https://${"a".repeat(LINK_BYTES_MAX)}` }), "bad-request"],
  [
    "a link that is a user",
    { ...spans({ link: "https://a", userId: ANN }), mentions: mentions(["ann"]) },
    "bad-request",
  ],
  ["a user who is not mentioned", spans({ userId: ANN }), "bad-request"],
  [
    "a rich text of one node too many",
    rich(block({ spans: Array.from({ length: RICH_NODES_MAX }, () => span({})) })),
    "message-too-large",
  ],
  [
    "a rich text of the most nodes",
    rich(block({ spans: Array.from({ length: RICH_NODES_MAX - 1 }, () => span({})) })),
    "ok",
  ],
  [
    "a rich text whose marks are too many bytes",
    spans({ text: "x".repeat(RICH_BYTES_MAX) }),
    "message-too-large",
  ],
  ["a rich text of 10 MB", spans({ text: "x".repeat(MEGA) }), "message-too-large"],
  ["a place", place({ name: "Gate", address: "Street" }), "ok"],
  ["a place at both ends", place({ latitudeE7: 180e7, longitudeE7: 360e7 }), "ok"],
  ["a place beyond the pole", place({ latitudeE7: 180e7 + 1 }), "bad-request"],
  ["a place beyond the antimeridian", place({ longitudeE7: 360e7 + 1 }), "bad-request"],
  ["a place with too long a name", place({ name: "ä".repeat(PLACE_BYTES_MAX / 2 + 1) }), "bad-request"],
  ["a place with an address of 10 MB", place({ address: "x".repeat(MEGA) }), "bad-request"],
  ["a signal of the most bytes", signal("typing", SIGNAL_BYTES_MAX), "ok"],
  ["a signal of one byte too many", signal("typing", SIGNAL_BYTES_MAX + 1), "message-too-large"],
  ["a signal of 10 MB", signal("typing", MEGA), "message-too-large"],
  ["a signal of no type", signal("", 1), "bad-request"],
  ["a signal of too long a type", signal("t".repeat(TYPE_BYTES_MAX + 1), 1), "bad-request"],
  ["a signal that mentions", { ...signal("a", 1), mentions: mentions(["ann"]) }, "bad-request"],
  ["a signal that answers", { ...signal("a", 1), reply: { sequence: 1 } }, "bad-request"],
  ["a custom message of the most bytes", custom({ payload: bytes(CUSTOM_BYTES_MAX) }), "ok"],
  [
    "a custom message of one byte too many",
    custom({ payload: bytes(CUSTOM_BYTES_MAX + 1) }),
    "message-too-large",
  ],
  ["a custom message of 10 MB", custom({ payload: bytes(MEGA) }), "message-too-large"],
  ["a custom message of no type", custom({ type: "" }), "bad-request"],
  ["a custom message that shows nothing", custom({ fallbackText: "" }), "bad-request"],
  [
    "a custom message that shows too much",
    custom({ fallbackText: "x".repeat(FALLBACK_BYTES_MAX + 1) }),
    "bad-request",
  ],
  ["merged messages, which only the server writes", { merged: { title: "", items: [] } }, "bad-request"],
  [
    "a text that another said, as one claims",
    { ...textBody("x"), forwarded: { senderId: ANN, timeMs: 1 } },
    "bad-request",
  ],
  ["two kinds", { ...textBody("x"), ...place({}) }, "bad-request"],
  ["only an answer", { reply: { sequence: 1 } }, "bad-request"],
  ["an answer to nothing", { ...textBody("x"), reply: { sequence: 0 } }, "bad-request"],
  ["the most mentions", { ...textBody("x"), mentions: mentions(users(MENTIONS_MAX)) }, "ok"],
  ["a mention too many", { ...textBody("x"), mentions: mentions(users(MENTIONS_MAX + 1)) }, "bad-request"],
  ["a mention of what is no user", { ...textBody("x"), mentions: mentions(["a/b"]) }, "bad-request"],
];

for (const [what, body, code] of CASES) {
  test(`${what}: ${code}`, () => {
    assert.equal(
      codeOf(() => checkedBody(filled(Body, body))),
      code,
    );
  });
}

test("an audience is of so many, each once", () => {
  assert.deepEqual(
    [
      checkedAudience([]),
      checkedAudience([ANN, ANN]),
      checkedAudience(users(AUDIENCE_MAX)).length,
      codeOf(() => checkedAudience(users(AUDIENCE_MAX + 1))),
    ],
    [[], [ANN], AUDIENCE_MAX, "bad-request"],
  );
});

test("a forward names one message, or some in their order", () => {
  const code = (sequences: readonly number[], isMerged: boolean, title = ""): string =>
    codeOf(() => checkedForward({ conversationId: "g:a" as never, sequences, isMerged, title }));
  const many = Array.from({ length: MERGED_ITEMS_MAX + 1 }, (_, index) => index + 1);
  assert.deepEqual(
    [
      code([1], false),
      code([1, 2], true, "t".repeat(TITLE_BYTES_MAX)),
      code(many.slice(1), true),
      code([], false),
      code([], true),
      code([1, 2], false),
      code(many, true),
      code([2, 1], true),
      code([2, 2], true),
      code([0], false),
      code([1], false, "title"),
      code([1], true, "t".repeat(TITLE_BYTES_MAX + 1)),
    ],
    ["ok", "ok", "ok", ...Array.from({ length: 9 }, () => "bad-request")],
  );
});
