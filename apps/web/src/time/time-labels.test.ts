import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { CHINESE } from "../language/chinese.js";
import { ENGLISH } from "../language/english.js";
import { createTimeLabels } from "./time-labels.js";

const english = createTimeLabels(ENGLISH, "Europe/Berlin");
const chinese = createTimeLabels(CHINESE, "Asia/Shanghai");
const NOW_MS = Date.parse("2026-11-21T12:00:00Z");
const at = (text: string): number => Date.parse(text);

test("days are named from today back to a week, then dated", () => {
  const days = ["2026-11-21", "2026-11-20", "2026-11-19", "2026-11-15", "2026-11-14", "2025-11-14"];
  deepEqual(
    days.map((day) => english.day(at(`${day}T10:00:00Z`), NOW_MS)),
    ["Today", "Yesterday", "Thursday", "Sunday", "November 14", "November 14, 2025"],
  );
  deepEqual(
    days.map((day) => chinese.day(at(`${day}T10:00:00Z`), NOW_MS)),
    ["今天", "昨天", "星期四", "星期日", "11月14日", "2025年11月14日"],
  );
});

test("a day begins at midnight where the reader is", () => {
  const lateMs = at("2026-11-20T22:59:59Z");
  const nextMs = at("2026-11-20T23:00:00Z");
  deepEqual(
    [
      english.day(lateMs, NOW_MS),
      english.day(nextMs, NOW_MS),
      english.dayNumber(nextMs) - english.dayNumber(lateMs),
    ],
    ["Yesterday", "Today", 1],
  );
});

test("the day of the change to winter time is one day", () => {
  const first = english.dayNumber(at("2026-10-24T22:00:00Z"));
  deepEqual(
    [
      english.dayNumber(at("2026-10-25T22:59:59Z")) - first,
      english.dayNumber(at("2026-10-25T23:00:00Z")) - first,
    ],
    [0, 1],
  );
});

test("the short label is the clock today and the day before that", () => {
  const times = [
    "2026-11-21T08:05:00Z",
    "2026-11-20T08:05:00Z",
    "2026-11-18T08:05:00Z",
    "2026-01-02T08:05:00Z",
  ];
  deepEqual(
    times.map((time) => english.short(at(time), NOW_MS)),
    ["09:05", "Yesterday", "Wednesday", "1/2/2026"],
  );
});

test("midnight is 00:00, and a time ahead of the clock is dated", () => {
  deepEqual(
    [english.clock(at("2026-11-20T23:00:00Z")), english.day(at("2026-11-22T12:00:00Z"), NOW_MS)],
    ["00:00", "November 22"],
  );
});

test("the clock beside a date is the clock of the list", () => {
  const labels = createTimeLabels({ locale: "en", today: "Today", yesterday: "Yesterday" }, "UTC");

  deepEqual(
    [labels.full(Date.UTC(2026, 1, 3, 16, 5)), labels.full(Date.UTC(2026, 1, 3, 0, 5))],
    ["Feb 3, 2026, 16:05", "Feb 3, 2026, 00:05"],
  );
});
