import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import fc from "fast-check";
import {
  type UserId,
  directConversationId,
  directUsers,
  groupConversationId,
  parseClientMessageId,
  parseConversationId,
  parseDeviceId,
  parseMessageId,
  parseTenantId,
  parseUserId,
} from "./ids.js";

const VISIBLE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
const USER_LETTERS = VISIBLE.filter((letter) => !`/:~%'"`.includes(letter)).join("");
const TOKEN_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

/** Never allowed in any id: what separates, what is invisible, and what is not ASCII. */
const NEVER = ["/", ":", "%", "~", " ", "\n", "\t", "\u0000", "\u007f", "é", "名", "👋", "\ud800"];

interface Rule {
  readonly parse: (text: string) => string;
  readonly lettersMax: number;
  readonly letters: string;
}

const RULES: Readonly<Record<string, Rule>> = {
  "tenant id": {
    parse: parseTenantId,
    lettersMax: 32,
    letters: "abcdefghijklmnopqrstuvwxyz0123456789-",
  },
  "user id": { parse: parseUserId, lettersMax: 64, letters: USER_LETTERS },
  "device id": { parse: parseDeviceId, lettersMax: 64, letters: TOKEN_LETTERS },
  "client message id": { parse: parseClientMessageId, lettersMax: 64, letters: TOKEN_LETTERS },
};

function isRefused(parse: (text: string) => string, text: string): boolean {
  try {
    parse(text);
    return false;
  } catch (error) {
    if (failureCode(error) !== "bad-request") throw error;
    return true;
  }
}

for (const [name, { parse, lettersMax, letters }] of Object.entries(RULES)) {
  test(`a ${name} has 1 to ${lettersMax} of its letters`, () => {
    const texts = [
      letters[0]!,
      letters.slice(0, lettersMax),
      letters.slice(-lettersMax),
      letters[0]!.repeat(lettersMax),
    ];
    assert.deepEqual(texts.map(parse), texts);
  });

  test(`a ${name} is refused empty, too long, or with any other character`, () => {
    const others = VISIBLE.filter((letter) => !letters.includes(letter));
    const bad = [
      "",
      "a".repeat(lettersMax + 1),
      ...[...others, ...NEVER].flatMap((letter) => [letter, `a${letter}`, `${letter}a`, `a${letter}a`]),
    ];
    assert.deepEqual(
      bad.filter((text) => !isRefused(parse, text)),
      [],
    );
  });
}

test("a message id is a ULID in capitals", () => {
  const good = ["01J9Z3K8T5QWERTYABCDEFGHJK", "00000000000000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"];
  const bad = [
    "",
    "01J9Z3K8T5QWERTYABCDEFGHJ",
    "01J9Z3K8T5QWERTYABCDEFGHJKK",
    "01j9z3k8t5qwertyabcdefghjk",
    ...["I", "L", "O", "U", "-", " ", "\n"].map((letter) => `01J9Z3K8T5QWERTYABCDEFGHJ${letter}`),
  ];
  assert.deepEqual(good.map(parseMessageId), good);
  assert.deepEqual(
    bad.filter((text) => !isRefused(parseMessageId, text)),
    [],
  );
});

test("a conversation id is a group's name or two users in order", () => {
  const good = [
    "g:a",
    `g:${"x".repeat(64)}`,
    "g:A-b_c.9",
    "d:ann:bob",
    "d:Zoe:ann",
    "d:a:a0",
    "d:a@x.org:b@x.org",
  ];
  assert.deepEqual(good.map(parseConversationId), good);
});

test("any other conversation id is refused", () => {
  const bad = [
    "",
    "g",
    "g:",
    "g:a:b",
    "g: a",
    "g:a/b",
    "g:é",
    `g:${"x".repeat(65)}`,
    "G:a",
    "x:a",
    ":a",
    "d:",
    "d:ann",
    "d:ann:",
    "d::bob",
    "d:ann:ann",
    "d:bob:ann",
    "d:ann:bob:cy",
    "d:ann:b/b",
    "d:ann:Bob",
    `d:a:${"b".repeat(65)}`,
    "g:a\n",
    "d:ann:bob\n",
  ];
  assert.deepEqual(
    bad.filter((text) => !isRefused(parseConversationId, text)),
    [],
  );
});

test("the direct conversation of two users is the same whoever asks, is valid, and names both", () => {
  const user = fc
    .string({ unit: fc.constantFrom(...Array.from(USER_LETTERS)), minLength: 1, maxLength: 64 })
    .map((text) => text as UserId);
  fc.assert(
    fc.property(user, user, (one, other) => {
      fc.pre(one !== other);
      const id = directConversationId(one, other);
      assert.equal(directConversationId(other, one), id);
      assert.equal(parseConversationId(id), id);
      assert.deepEqual(directUsers(id), [one, other].toSorted());
    }),
  );
});

test("a group's id is made from its name, has no two users, and is refused for a bad name", () => {
  assert.deepEqual(
    [groupConversationId("team"), directUsers(groupConversationId("team"))],
    ["g:team", undefined],
  );
  assert.deepEqual(
    ["", "a b", "a:b", "x".repeat(65)].map((name) => isRefused(groupConversationId, name)),
    [true, true, true, true],
  );
});
