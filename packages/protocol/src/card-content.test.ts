import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf, cardText, sizeOfJson } from "./card-content.js";
import { newerPart } from "./cards.js";
import { filled } from "./codec/schema.js";
import { forwardedBody } from "./forwarded-body.js";
import type { UserId } from "./ids.js";
import { CARD_DEPTH_MAX, CARD_VALUES_MAX, TEXT_BYTES_MAX } from "./limits.js";
import { Body } from "./model.js";

const text = (said: unknown): string => cardText({ content: JSON.stringify(said) });
const block = (said: unknown): object => ({ type: "TextBlock", text: said });

test("a card says its fallback text, else its text blocks in their order, a line each", () => {
  const body = [
    block("Lunch?"),
    { type: "ColumnSet", columns: [{ items: [block("Yes")] }, { items: [block("No")] }] },
    { type: "RichTextBlock", inlines: [{ type: "TextRun", text: "Until noon" }] },
    { type: "Input.Text", text: "not shown" },
  ];
  assert.deepEqual(
    [
      text({ fallbackText: "A vote", body }),
      text({ fallbackText: " ", body }),
      text({ fallbackText: 7, body: [block(3), block(" ")] }),
      text([body]),
      cardText({ content: "{" }),
      cardText({ content: "" }),
    ],
    ["A vote", "Lunch?\nYes\nNo\nUntil noon", "", "", "", ""],
  );
});

test("depth and values are counted up to just beyond the bounds", () => {
  const nested = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));
  const wide = (count: number): unknown => Array.from({ length: count - 1 }, () => 0);
  assert.deepEqual(
    [1, CARD_DEPTH_MAX, 20_000].map((depth) => sizeOfJson(nested(depth)).depth),
    [1, CARD_DEPTH_MAX, CARD_DEPTH_MAX + 1],
  );
  assert.deepEqual(
    [2, CARD_VALUES_MAX, 500_000].map((count) => sizeOfJson(wide(count)).values),
    [2, CARD_VALUES_MAX, CARD_VALUES_MAX + 1],
  );
});

test("a reader sees the private part while it has a content", () => {
  const body = filled(Body, { card: { content: "{}", revision: 3 } });
  assert.deepEqual(
    [
      cardOf({ body, cardPart: undefined }),
      cardOf({ body, cardPart: { content: "[]", revision: 1 } }),
      cardOf({ body, cardPart: { content: "", revision: 2 } }),
      cardOf({ body: undefined, cardPart: { content: "[]", revision: 1 } }),
    ],
    [
      { content: "{}", revision: 3, isPrivate: false },
      { content: "[]", revision: 1, isPrivate: true },
      { content: "{}", revision: 3, isPrivate: false },
      undefined,
    ],
  );
});

test("of two parts the one with the higher revision is the part", () => {
  const [first, second] = [1, 2].map((revision) => ({ content: "", revision }));
  assert.deepEqual(
    [
      newerPart(first, second),
      newerPart(second, first),
      newerPart(undefined, first),
      newerPart(first, undefined),
    ],
    [second, second, first, first],
  );
});

test("a card is forwarded as a text of its words, and not at all when it has none", () => {
  const said = { senderId: "ann" as UserId, timeMs: 1 };
  const forward = (content: string): string | undefined =>
    forwardedBody([{ ...said, body: filled(Body, { card: { content, revision: 1 } }) }], {
      isMerged: false,
      title: "",
    })?.text?.text;
  const long = forward(JSON.stringify({ fallbackText: "\u{1F600}".repeat(7_000) }))!;
  assert.deepEqual(
    [forward('{"fallbackText":"A vote"}'), forward("{}"), new Set(long), long.length],
    ["A vote", undefined, new Set(["\u{1F600}"]), 2 * Math.floor(TEXT_BYTES_MAX / 6)],
  );
});
