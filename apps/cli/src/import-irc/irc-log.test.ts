import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TEXT_BYTES_MAX } from "@parley/protocol";
import fc from "fast-check";
import { findDay, parseIrcLog, userIdOf } from "./irc-log.js";

const DAY_MS = Date.UTC(2007, 5, 4);

describe("an IRC log", () => {
  test("holds messages, actions and events", () => {
    const log = parseIrcLog(
      [
        "=== ann [~ann@example.org]  has joined #garden",
        "[09:14] <ann> good morning",
        "[09:15]  * bob waves",
        "[09:15] <bob> a <b> c: [09:16] <x> y",
        "",
      ].join("\n"),
      DAY_MS,
    );
    assert.deepEqual(log, {
      messages: [
        { senderId: "ann", timeMs: at(9, 14), text: "good morning" },
        { senderId: "bob", timeMs: at(9, 15), text: "/me waves" },
        { senderId: "bob", timeMs: at(9, 15), text: "a <b> c: [09:16] <x> y" },
      ],
      nicks: [
        { userId: "ann", name: "ann" },
        { userId: "bob", name: "bob" },
      ],
      lineCount: 4,
      eventCount: 1,
      malformed: [],
    });
  });

  test("passes midnight into the next day, as often as it does", () => {
    const log = parseIrcLog("[23:59] <a> 1\n[00:00] <a> 2\n[23:00] <a> 3\n[00:30] <a> 4\n", DAY_MS);
    assert.deepEqual(
      log.messages.map(({ timeMs }) => timeMs),
      [at(23, 59), at(24, 0), at(47, 0), at(48, 30)],
    );
  });

  test("keeps the day when the clock was set back", () => {
    const log = parseIrcLog("[10:05] <a> 1\n[10:01] <a> 2\n", DAY_MS);
    assert.deepEqual(
      log.messages.map(({ timeMs }) => timeMs),
      [at(10, 5), at(10, 1)],
    );
  });

  test("says which lines cannot be read, and why", () => {
    const lines = [
      "[09:14] <ann> fine",
      "no time at all",
      "[09:14] <ann>",
      "[09:14] <ann>   ",
      "[25:00] <ann> late",
      "[09:14] -notice- hello",
      `[09:14] <ann> ${"x".repeat(TEXT_BYTES_MAX + 1)}`,
      `[09:14] <${"n".repeat(65)}> hi`,
      "",
      "[09:15] <ann> fine again",
    ];
    const { messages, malformed } = parseIrcLog(lines.join("\r\n"), DAY_MS);
    assert.deepEqual(
      { texts: messages.map(({ text }) => text), malformed },
      {
        texts: ["fine", "fine again"],
        malformed: [
          { line: 2, reason: "neither a message, an action nor an event" },
          { line: 3, reason: "a message without text" },
          { line: 4, reason: "a message without text" },
          { line: 5, reason: "no time of day" },
          { line: 6, reason: "neither a message, an action nor an event" },
          { line: 7, reason: `a text of more than ${TEXT_BYTES_MAX} bytes` },
          { line: 8, reason: "a nick that is too long for a user id" },
          { line: 9, reason: "neither a message, an action nor an event" },
        ],
      },
    );
  });

  test("accounts for every line, whatever it holds", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (lines) => {
        const content = lines.join("\n");
        const { messages, eventCount, malformed, lineCount } = parseIrcLog(content, DAY_MS);
        assert.equal(messages.length + eventCount + malformed.length, lineCount);
      }),
    );
  });
});

describe("the user of a nick", () => {
  test("has the nick's letters as far as an id may hold them", () => {
    assert.deepEqual(["ann", "[GuS] ", "a=b", "a/b", "é"].map(userIdOf), [
      "ann",
      "[GuS]=20",
      "a=3db",
      "a=2fb",
      "=c3=a9",
    ]);
  });

  test("is nobody else's", () => {
    const nick = fc.string({
      minLength: 1,
      maxLength: 10,
      unit: fc.constantFrom("a", "=", "3", "d", " ", "é"),
    });
    fc.assert(
      fc.property(nick, nick, (one, other) => {
        assert.equal(userIdOf(one) === userIdOf(other), one === other);
      }),
    );
  });
});

describe("the day of a log", () => {
  test("stands in the file's name", () => {
    assert.deepEqual(
      ["2007-06-04.train-a.txt", "ubuntu-2007-06-04.log", "2007-02-30.txt", "notes.txt", "12007-06-04"].map(
        findDay,
      ),
      [DAY_MS, DAY_MS, undefined, undefined, undefined],
    );
  });
});

function at(hours: number, minutes: number): number {
  return DAY_MS + (hours * 60 + minutes) * 60_000;
}
