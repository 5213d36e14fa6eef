/**
 * What finds what. The property that all filters rest on: a message that a query finds has every term that the query needs.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import {
  filled,
  Message,
  SEARCH_SPANS_MAX,
  SEARCH_TEXT_BYTES_MAX,
  SEARCH_WORDS_MAX,
  textBody,
  type UserId,
} from "@parley/protocol";
import fc from "fast-check";
import { addMessageTerms, findSpans, parseQuery, type SearchQuery } from "./search-query.js";
import { encodeFilter, isFilter, mayHoldAll } from "./term-filter.js";
import { type TermHash, addTerms } from "./text-terms.js";

/** Ann's message with this text. */
function saying(text: string): Message {
  return filled(Message, { senderId: "ann" as UserId, body: textBody(text) });
}

function forWords(text: string): SearchQuery {
  return parseQuery({ text, kind: "", senderId: "" });
}

/** What of a text is found, in the order of the text; undefined when it is not. */
function found(query: string, text: string): readonly string[] | undefined {
  const spans = findSpans(forWords(query), saying(text));
  if (spans === undefined) return undefined;
  return Array.from({ length: spans.length / 2 }, (_, index) =>
    text.slice(spans[2 * index], spans[2 * index + 1]),
  );
}

test("words are found by their beginning, whatever their case", () => {
  const text = "The Project was projected; subproject PROJ-12.";
  assert.deepEqual(
    ["proj", "Project", "project", "ject", "proj-12", "PROJ 12", "12", "2"].map((query) =>
      found(query, text),
    ),
    [
      ["Proj", "proj", "PROJ"],
      ["Project", "project"],
      ["Project", "project"],
      undefined,
      ["PROJ-12"],
      ["Proj", "proj", "PROJ", "12"],
      ["12"],
      undefined,
    ],
  );
});

test("Chinese is found anywhere, with and without English beside it", () => {
  const text = "明天的项目进度会议在 Room3 开，see API文档。";
  assert.deepEqual(
    ["项目", "目进", "项", "项目会议", "项目 会议", "room3", "api", "文档", "ＡＰＩ", "api文"].map((query) =>
      found(query, text),
    ),
    [
      ["项目"],
      ["目进"],
      ["项"],
      undefined,
      ["项目", "会议"],
      ["Room3"],
      ["API"],
      ["文档"],
      ["API"],
      ["API文"],
    ],
  );
});

test("addresses, ids and points are found as they are written", () => {
  const text = "ann.lee@example.com sent d:ann:bob, 01J9ZQ0000ABCDEFGHJKMNPQRS -> #42 :-)";
  const queries = ["ann.lee@example.com", "lee@ex", "@example", "d:ann", "01j9zq0000abcdefghjkmnpqrs", "->"];
  assert.deepEqual(
    [...queries, "#42", ":-)", "01j9zq0000abcdefghjkmnpqrt"].map((query) => found(query, text)?.join()),
    [...queries, "#42", ":-)"]
      .map((query) => (query.startsWith("01") ? query.toUpperCase() : query) as string | undefined)
      .concat([undefined]),
  );
});

test("a phrase in quotation marks is there as it is, to the end of its last word", () => {
  const text = "release the  new\nversion today, not the newest";
  assert.deepEqual(
    ['"the new version"', '"the new"', '"the ne"', "“new version” rel", '"not the newest', '"new today"'].map(
      (query) => found(query, text)?.join("|"),
    ),
    ["the  new\nversion", "the  new", undefined, "rel|new\nversion", "not the newest", undefined],
  );
});

test("letters with several forms are found by any of them, and places are those of the text as it is written", () => {
  const text = "😀 Straße ΟΔΟΣ café ﬁne ❤️abc ｶﾞｽ";
  assert.deepEqual(
    ["STRASSE", "οδος", "οδοσ", "cafe\u0301", "fine", "fi", "abc", "ガス", "😀"].map((query) =>
      found(query, text)?.join("|"),
    ),
    ["Straße", "ΟΔΟΣ", "ΟΔΟΣ", "café", "ﬁne", "ﬁ", "abc", "ｶﾞｽ", "😀"],
  );
});

test("a query is bounded, and one that says nothing is refused", () => {
  const codes = [
    "",
    "  ",
    '""',
    "\u200b",
    "a".repeat(SEARCH_TEXT_BYTES_MAX + 1),
    "字".repeat(SEARCH_TEXT_BYTES_MAX / 3 + 1),
    "a ".repeat(SEARCH_WORDS_MAX + 1),
    "a".repeat(SEARCH_TEXT_BYTES_MAX),
    "a ".repeat(SEARCH_WORDS_MAX),
  ].map((query) => {
    try {
      forWords(query);
      return "ok";
    } catch (error) {
      return failureCode(error);
    }
  });
  assert.deepEqual(codes, [...Array<string>(7).fill("bad-request"), "ok", "ok"]);
});

test("as many places are named as a page has room for", () => {
  assert.equal(findSpans(forWords("a"), saying("a ".repeat(100)))?.length, SEARCH_SPANS_MAX * 2);
});

const WORDS = [
  "proj",
  "Project",
  "x",
  "12",
  "项目",
  "进度",
  "ガス",
  "ß",
  "é",
  "e\u0301",
  "😀",
  "-",
  "@",
  ".",
  "İ",
  "한국어",
  "ไทย",
  "❤️",
  "https://x.example/a",
];
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...WORDS),
      fc.constantFrom(" ", "\n", "\u3000"),
      fc.string({ unit: "grapheme", maxLength: 4 }),
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(""));

test("a message that a query finds has every term that the query needs", () => {
  let matches = 0;
  const asked = fc.record({
    kind: fc.constantFrom("", "", "", "", "", "link"),
    senderId: fc.constantFrom("", "ann"),
    isPhrase: fc.boolean(),
  });
  fc.assert(
    fc.property(text, fc.nat(), fc.nat(), asked, (whole, at, length, { isPhrase, ...of }) => {
      // The wire brings whole characters only.
      const characters = Array.from(whole);
      const from = at % (characters.length + 1);
      const slice = characters.slice(from, from + 1 + (length % 6));
      const piece = slice.join("").replaceAll(/["＂“”„「」]/gu, "");
      let query;
      try {
        query = parseQuery({ text: isPhrase ? `"${piece}"` : piece, ...of });
      } catch {
        return;
      }
      const spans = findSpans(query, saying(whole));
      if (spans === undefined) return;
      matches += 1;
      const terms = new Set<TermHash>();
      addMessageTerms(saying(whole), terms);
      const missing = [...query.terms].filter((term) => !terms.has(term));
      assert.deepEqual([missing, mayHoldAll(encodeFilter(terms), query.terms)], [[], true]);
      for (const [index, offset] of spans.entries()) {
        assert.ok(offset <= whole.length && (index === 0 || offset > spans[index - 1]!));
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(matches > 800, `only ${matches} of the queries were found`);
});

test("a filter holds what went in, little else, and one of another format is none", () => {
  const of = (first: number): Set<TermHash> => {
    const terms = new Set<TermHash>();
    for (let index = first; index < first + 3000; index++) addTerms(`w${index}`, terms);
    return terms;
  };
  const terms = of(100_000);
  const filter = encodeFilter(terms);
  const others = [...of(500_000)].filter((term) => !terms.has(term));
  const wrong = others.filter((term) => mayHoldAll(filter, new Set([term]))).length;
  assert.ok([...terms].every((term) => mayHoldAll(filter, new Set([term]))));
  assert.ok(wrong / others.length < 0.02, `${wrong} of ${others.length}`);
  assert.deepEqual([filter, Uint8Array.of(1, 7, 255), Uint8Array.of(2, 7), new Uint8Array()].map(isFilter), [
    true,
    false,
    false,
    false,
  ]);
});
