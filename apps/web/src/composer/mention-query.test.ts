import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import {
  matchingChoices,
  type MentionChoice,
  mentionQueryAt,
  withChoice,
  withMore,
} from "./mention-query.js";

const CHOICES: readonly MentionChoice[] = [
  { userId: "all", name: "all" },
  { userId: "alice" as UserId, name: "Alice Adams" },
  { userId: "zhang" as UserId, name: "张伟" },
];

test("a name is asked for after an @ that begins a word, right before the cursor", () => {
  const texts = ["@", "hi @al", "a@b", "@al ", "@a@b", "（@张"];
  deepEqual(
    texts.map((text) => mentionQueryAt(text, text.length)?.text),
    ["", "al", undefined, undefined, undefined, "张"],
  );
});

test("the cursor counts, and not the end of the text", () => {
  deepEqual(mentionQueryAt("@al and more", 3), { start: 0, end: 3, text: "al" });
});

test("people are found by the beginning of their id, their name or a part of it", () => {
  deepEqual(
    ["al", "ADA", "张", "x", ""].map((query) =>
      matchingChoices(CHOICES, query, 2).map(({ userId }) => userId),
    ),
    [["all", "alice"], ["alice"], ["zhang"], [], ["all", "alice"]],
  );
});

test("choosing replaces what was typed, and says for whom the name stands", () => {
  const query = mentionQueryAt("ask @al now", 7)!;
  deepEqual(withChoice("ask @al now", query, CHOICES[1]!), {
    text: "ask @Alice Adams  now",
    cursor: 17,
    mention: { label: "@Alice Adams", userId: "alice" },
  });
});

test("what comes later stands behind what is shown, each once, as far as there is room", () => {
  const [all, alice, zhang] = CHOICES as [MentionChoice, MentionChoice, MentionChoice];
  const unnamed = { ...alice, name: "alice" };
  deepEqual(withMore([unnamed, zhang], [alice], 9), [alice, zhang]);
  deepEqual(
    [withMore([alice], [zhang, alice, all], 2), withMore([alice], [alice], 9), withMore([], CHOICES, 9)],
    [[alice, zhang], [alice], CHOICES],
  );
});

test("accents make no difference, and the whole name comes before a part of it", () => {
  const people = [
    { userId: "u1" as UserId, name: "Bo Åberg" },
    { userId: "u2" as UserId, name: "Åsa Ek" },
  ];
  deepEqual(
    matchingChoices(people, "a", 9).map(({ userId }) => userId),
    ["u2", "u1"],
  );
});
