import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { foldName, personRank, wordsOf } from "./people-words.js";

test("names are compared without accents, in small letters, with one blank between words", () => {
  deepEqual(
    [
      "Åsa  Öberg",
      "ADA-King",
      "Straße",
      "O'Brien",
      "陈 晓雯",
      "ﬁona",
      "Ｔａｒｏ",
      "i\u0307dil",
      "  ",
      "…",
    ].map(foldName),
    ["asa oberg", "ada king", "strasse", "o brien", "陈 晓雯", "fiona", "taro", "idil", "", ""],
  );
});

test("every word begins one, and every character that is written without blanks", () => {
  deepEqual(["ada king", "陈晓雯", "li 陈雯", ""].map(wordsOf), [
    ["ada king", "king"],
    ["陈晓雯", "晓雯", "雯"],
    ["li 陈雯", "陈雯", "雯"],
    [],
  ]);
});

test("the whole name is better than a later word, and that than the id", () => {
  const ada = { userId: "u17-lovelace", name: "Ada King-Lovelace" };
  deepEqual(
    ["ad", "ada k", "ki", "lovelace", "u17", "u17 l", "love x", "da", "u17 lovelace", ""].map((text) =>
      personRank(ada, text),
    ),
    [0, 0, 1, 1, 2, 2, undefined, undefined, 0, 0],
  );
});

test("everybody is found by any word of their name, whatever it is written in", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), (name) => {
      const words = wordsOf(foldName(name));
      deepEqual(
        words.map((word) => personRank({ userId: "nobody", name }, word) !== undefined),
        words.map(() => true),
      );
    }),
  );
});
