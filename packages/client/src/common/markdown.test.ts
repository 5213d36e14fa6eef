import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { Body, encode, isSafeLink, RICH_NODES_MAX, type RichSpan, type UserId } from "@parley/protocol";
import fc from "fast-check";
import { markdownBody } from "./markdown.js";
import { markdownSource } from "./markdown-source.js";

/** A document in short: "kind level: spans", spans as marks around their texts. */
function shown(text: string): readonly string[] {
  const { rich } = markdownBody(text);
  return (rich?.blocks ?? []).map(({ kind, level, isOrdered, language, spans }) => {
    const name = [kind, level || "", isOrdered ? "ordered" : "", language].filter(Boolean).join(" ");
    return `${name}: ${spans.map(spanWords).join("|")}`;
  });
}

function spanWords({ text, isBold, isItalic, isStruck, isCode, link }: RichSpan): string {
  const marks = `${isBold ? "b" : ""}${isItalic ? "i" : ""}${isStruck ? "s" : ""}${isCode ? "c" : ""}`;
  return `${marks === "" ? "" : `${marks}<`}${text}${marks === "" ? "" : ">"}${link === "" ? "" : `→${link}`}`;
}

const CASES: readonly (readonly [string, readonly string[]])[] = [
  [
    "**bold** and *it* and _it_ ~~no~~ `x*y*`",
    ["paragraph: b<bold>| and |i<it>| and |i<it>| |s<no>| |c<x*y*>"],
  ],
  ["**a *b* c**", ["paragraph: b<a >|bi<b>|b< c>"]],
  [
    "# One\n## Two\n### Three\ntext",
    ["heading 1: One", "heading 2: Two", "heading 3: Three", "paragraph: text"],
  ],
  ["- a\n  - b\n      - c\n1. d", ["item 1: a", "item 2: b", "item 3: c", "item 1 ordered: d"]],
  ["> one\n> two\nthree", ["quote: one\ntwo", "paragraph: three"]],
  ["```ts\nlet *a*;\n\nb\n```\nend", ["code ts: let *a*;\n\nb", "paragraph: end"]],
  ["one\n---\ntwo", ["paragraph: one", "rule: ", "paragraph: two"]],
  ["see [here](https://a.org/b) now", ["paragraph: see |here→https://a.org/b| now"]],
  ["**see https://a.org.**", ["paragraph: b<see >|b<https://a.org>→https://a.org|b<.>"]],
  ["*one*\ntwo\n\nthree", ["paragraph: i<one>|\ntwo", "paragraph: three"]],
];

for (const [text, blocks] of CASES) {
  test(`${JSON.stringify(text)} is ${blocks.length} blocks`, () => {
    deepEqual(shown(text), blocks);
  });
}

const PLAIN = [
  "hello",
  "2 * 3 * 4",
  "snake_case_name",
  "#tag",
  "a*",
  "****",
  "`",
  "``",
  "```\nopen",
  "https://example.org/a_b_c",
  "[x](javascript:alert(1))",
  "<b>x</b>",
  "a\nb\n\nc",
  "-no item",
  "@ann hi",
  "*a* ".repeat(RICH_NODES_MAX),
];

test("what has no marks stays a text, as it stands", () => {
  deepEqual(
    PLAIN.map((text) => markdownBody(text)),
    PLAIN.map((text) => ({ text: { text } })),
  );
});

test("names become mentions, in a text and in rich text", () => {
  const names = [
    { label: "@Ann Lee", userId: "ann" as UserId },
    { label: "@Bob", userId: "bob" as UserId },
    { label: "@all", userId: "all" as const },
  ];
  const [plain, rich, all] = ["@Ann Lee, look", "*see* @Ann Lee", "@all hi"].map((text) =>
    markdownBody(text, names),
  );
  deepEqual(
    [
      plain,
      rich?.mentions,
      rich?.rich?.blocks[0]?.spans.map(({ text, userId }) => [text, userId]),
      all?.mentions,
    ],
    [
      { text: { text: "@Ann Lee, look" }, mentions: { userIds: ["ann"], isAll: false } },
      { userIds: ["ann"], isAll: false },
      [
        ["see", ""],
        [" ", ""],
        ["@Ann Lee", "ann"],
      ],
      { userIds: [], isAll: true },
    ],
  );
});

test("whatever is typed gives a body that says every letter and follows no other links", () => {
  const piece = fc.constantFrom(
    ...Array.from("*_~`#>-[]()!\n ab1."),
    "https://a.org/x",
    "```",
    "javascript:x",
    "[a](https://b)",
    "äß漢",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join("");
      const { rich } = markdownBody(text);
      const spans = (rich?.blocks ?? []).flatMap((block) => block.spans);
      const letters = (of: string): string => of.replaceAll(/[^ab漢ßä]/g, "");
      // The letters of an address that a text leads to are not shown.
      const hidden = spans.filter(({ link, text: shownText }) => link !== "" && link !== shownText);
      if (rich !== undefined && hidden.length === 0 && !text.includes("```"))
        deepEqual(letters(spans.map((span) => span.text).join("")), letters(text));
      deepEqual(
        [
          spans.filter(({ link }) => link !== "" && !isSafeLink(link)),
          spans.filter((span) => span.text === ""),
          (rich?.blocks.length ?? 1) > 0,
          spans.length <= RICH_NODES_MAX,
          encode(Body, markdownBody(text)).length > 0 || text === "",
        ],
        [[], [], true, true, true],
      );
    }),
    { numRuns: 500 },
  );
});

test("what somebody typed can be typed again from what became of it", () => {
  const sources = [
    "**bold** and *it* ~~no~~ `code` [here](https://a.org)",
    "# One\n\n- a\n  - b\n1. c\n\n> q\n> r\n\n---\n\n```ts\nlet x;\n```\n\nend",
  ];
  deepEqual(
    sources.map((source) => markdownSource(markdownBody(source).rich!)),
    sources,
  );
});
