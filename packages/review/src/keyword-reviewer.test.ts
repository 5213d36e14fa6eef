import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { Body, decode, encode, filled, textBody } from "@parley/protocol";
import fc from "fast-check";
import { KeywordReviewer } from "./keyword-reviewer.js";
import { WordAutomaton } from "./word-automaton.js";
import { parseWordList, WORD_UNITS_MAX, WORDS_MAX } from "./word-list.js";

const LIST = `
# what nobody says here
darn
two words
*spam*
heck => h***
赌博
坏人 => 好人
ｆｏｏ
Ωμέγα
`;

/** "refused", "accepted", or what is said instead. */
function outcome(text: string, list = LIST): string {
  const verdict = new KeywordReviewer(list).review({ body: textBody(text) });
  if (verdict.kind === "replace") return verdict.body.text!.text;
  return verdict.kind === "refuse" ? "refused" : "accepted";
}

test("words are found as words, in any case and form, and hidden ones too", () => {
  const said = [
    "Well, DARN!",
    "ｄａｒｎ it",
    "da\u200brn",
    "two words",
    "my darning needle",
    "antispammer",
    "我们去赌博吧",
    "foo",
    "food",
    "ΩΜΈΓΑ",
    "two  words",
    "",
  ];
  assert.deepEqual(
    said.map((text) => outcome(text)),
    [
      ...(["refused", "refused", "refused", "refused", "accepted", "refused", "refused", "refused"] as const),
      ...(["accepted", "refused", "accepted", "accepted"] as const),
    ],
  );
});

test("words are replaced where they stand, and the rest stays as it was", () => {
  assert.deepEqual(
    ["What the HECK, heck!", "他是坏人吗", "Ａ ｈｅｃｋ 👋", "hecks"].map((text) => outcome(text)),
    ["What the h***, h***!", "他是好人吗", "Ａ h*** 👋", "accepted"],
  );
});

test("a longer word covers a shorter one within it", () => {
  const list = "new => N\nnew york => NY\nyork => Y";
  assert.deepEqual(
    ["in new york now", "york new", "new yorker"].map((text) => outcome(text, list)),
    ["in NY now", "Y N", "N yorker"],
  );
});

test("only what people read is looked at", () => {
  const reviewer = new KeywordReviewer("darn");
  const payload = new TextEncoder().encode("darn");
  const body = filled(Body, { custom: { type: "darn", payload, fallbackText: "ok" } });
  const told = filled(Body, { custom: { type: "x", payload, fallbackText: "darn" } });
  assert.deepEqual(
    [reviewer.review({ body }).kind, reviewer.review({ body: told }).kind],
    ["accept", "refuse"],
  );
});

test("what is merged is looked at, however deep, and the rest of it stays as it is", () => {
  const merged = (...bodies: readonly Body[]): Body => {
    const items = bodies.map((body) => ({ senderId: "ada" as never, timeMs: 7, body: encode(Body, body) }));
    return filled(Body, { merged: { title: "Earlier", items } });
  };
  const reviewer = new KeywordReviewer(LIST);
  const kept = textBody("fine");
  const verdicts = [textBody("fine"), textBody("oh heck"), textBody("darn")].map((inner) =>
    reviewer.review({ body: merged(kept, merged(inner)) }),
  );
  assert.deepEqual(
    verdicts.map(({ kind }) => kind),
    ["accept", "replace", "refuse"],
  );
  const replaced = verdicts[1]!.kind === "replace" ? verdicts[1]!.body : undefined;
  const expected = decode(Body, encode(Body, merged(kept, merged(textBody("oh h***")))));
  assert.deepEqual(replaced, expected);
});

test("what people read of a card is looked at, and replaced in its JSON; the rest of it stays as it is", () => {
  const reviewer = new KeywordReviewer("darn\nheck => h***");
  const content = (said: string): string =>
    JSON.stringify({
      type: "AdaptiveCard",
      version: "1.5",
      fallbackText: said,
      body: [
        { type: "darn", id: "heck", text: said, data: { darn: "heck" } },
        { type: "RichTextBlock", inlines: [said, { type: "TextRun", text: "ok" }] },
        { type: "FactSet", facts: [{ title: "ok", value: said }] },
      ],
    });
  const verdicts = ["fine", "what the heck", "darn"].map((said) =>
    reviewer.review({ body: filled(Body, { card: { content: content(said), revision: 3 } }) }),
  );
  assert.deepEqual(
    [verdicts.map(({ kind }) => kind), verdicts[1]!.kind === "replace" && verdicts[1]!.body.card],
    [["accept", "replace", "refuse"], { content: content("what the h***"), revision: 3 }],
  );
});

test("a list that is wrong is refused by its line, and the one before counts on", () => {
  const reviewer = new KeywordReviewer("darn");
  const many = (count: number): string => Array.from({ length: count }, (_, index) => `w${index}`).join("\n");
  const codeOf = (list: string): string | undefined => {
    try {
      reviewer.load(list);
      return undefined;
    } catch (error) {
      return `${failureCode(error)} ${/Line \d+/.exec(String(error))?.[0]}`;
    }
  };
  assert.deepEqual(
    [
      codeOf(`ok\n\n${"x".repeat(WORD_UNITS_MAX + 1)}`),
      codeOf(" => y"),
      codeOf(many(WORDS_MAX + 1)),
      reviewer.review({ body: textBody("darn") }).kind,
      codeOf(many(WORDS_MAX)),
      reviewer.wordCount,
    ],
    [
      "bad-word-list Line 3",
      "bad-word-list Line 1",
      `bad-word-list Line ${WORDS_MAX + 1}`,
      "refuse",
      undefined,
      WORDS_MAX,
    ],
  );
});

test("the automaton finds what looking for each word finds", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 4, minLength: 1 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", " "), maxLength: 40 });
  fc.assert(
    fc.property(fc.uniqueArray(letters, { minLength: 1, maxLength: 12 }), text, (words, said) => {
      const found: string[] = [];
      new WordAutomaton(words).search(said, ({ word, start, end }) => {
        found.push(`${start}-${end} ${words[word]}`);
        return false;
      });
      const expected = words.flatMap((word) =>
        Array.from({ length: said.length }, (_, start) => start)
          .filter((start) => said.startsWith(word, start))
          .map((start) => `${start}-${start + word.length} ${word}`),
      );
      assert.deepEqual(found.toSorted(), expected.toSorted());
    }),
  );
});

test("whatever is said, a review has an answer, and says twice the same", () => {
  const words = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 5 }), { maxLength: 8 });
  fc.assert(
    fc.property(words, fc.string({ unit: "binary", maxLength: 60 }), (list, said) => {
      const lines = list.filter((word) => {
        try {
          return parseWordList(word).length === 1;
        } catch {
          // No word, such as one that is invisible.
          return false;
        }
      });
      assert.equal(outcome(said, lines.join("\n")), outcome(said, lines.join("\n")));
    }),
  );
});
