import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { DoNotDisturb, filled } from "@parley/protocol";
import { formOf, quietOf } from "./quiet-form.js";

test("what is set comes back as it was set", () => {
  const quiet = filled(DoNotDisturb, {
    isOn: true,
    timeZone: "Europe/Berlin",
    spans: [{ days: [1, 5], fromMinute: 1325, untilMinute: 425 }],
    letsMentionsThrough: true,
  });

  deepEqual([quietOf(formOf(quiet), "Europe/Berlin"), formOf(quiet).from], [quiet, "22:05"]);
});

test("who never set anything is shown the night, switched off, and every day is no day in particular", () => {
  const form = formOf(undefined);

  deepEqual(
    [form.isOn, form.from, form.until, form.days.length, quietOf(form, "UTC").spans],
    [false, "22:00", "07:00", 7, [{ days: [], fromMinute: 1320, untilMinute: 420 }]],
  );
});

test("always is shown as from midnight to midnight", () => {
  const form = formOf(filled(DoNotDisturb, { isOn: true, timeZone: "UTC" }));

  deepEqual([form.from, form.until, form.days.length], ["00:00", "00:00", 7]);
});
