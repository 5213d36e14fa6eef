import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserPresence } from "@parley/client";
import { ENGLISH } from "../language/english.js";
import { createTimeLabels } from "../time/time-labels.js";
import { presenceText, typingText } from "./presence-text.js";
import { PRESENCE_WORDS } from "./presence-words.js";

const NOW_MS = Date.parse("2026-11-21T12:00:00Z");
const TIMES = createTimeLabels(ENGLISH, "Europe/Berlin");

function offlineFor(agoMs: number): UserPresence {
  return { state: "offline", sinceMs: NOW_MS - agoMs };
}

test("who is there is one word, who is not was seen at a time, and of whom nothing is known nothing is said", () => {
  const people: readonly UserPresence[] = [
    { state: "online", sinceMs: 0 },
    { state: "away", sinceMs: NOW_MS - 600_000 },
    { state: "offline", sinceMs: 0 },
    { state: "unknown", sinceMs: 0 },
    offlineFor(-5_000),
    offlineFor(59_000),
    offlineFor(600_000),
    offlineFor(2 * 3_600_000),
    offlineFor(24 * 3_600_000),
  ];
  deepEqual(
    people.map((person) => presenceText(person, PRESENCE_WORDS.en, TIMES, NOW_MS)),
    [
      "Online",
      "Away",
      "Offline",
      "",
      "Last seen just now",
      "Last seen just now",
      "Last seen 10 min ago",
      "Last seen 2 h ago",
      "Last seen: Yesterday",
    ],
  );
});

test("one or two who type are named, more are counted", () => {
  const texts = [[], ["Ann"], ["Ann", "Bob"], ["Ann", "Bob", "Cy"]].map((names) => [
    typingText(names, PRESENCE_WORDS.en),
    typingText(names, PRESENCE_WORDS.zh),
  ]);
  deepEqual(texts, [
    ["", ""],
    ["Ann is typing…", "Ann 正在输入…"],
    ["Ann and Bob are typing…", "Ann 和 Bob 正在输入…"],
    ["3 people are typing…", "3 人正在输入…"],
  ]);
});
