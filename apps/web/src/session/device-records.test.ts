import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { DeviceId, UserId } from "@parley/protocol";
import {
  CANDIDATES_MAX,
  candidatesOf,
  type DeviceRecord,
  RECORDS_MAX,
  STALE_PER_START_MAX,
  staleOf,
  withRecord,
} from "./device-records.js";

const DAY_MS = 24 * 60 * 60 * 1000;

function record(deviceId: string, usedMs: number, userId = "ada"): DeviceRecord {
  return { deviceId: deviceId as DeviceId, userId: userId as UserId, usedMs };
}

function idsOf(records: readonly DeviceRecord[]): readonly string[] {
  return records.map(({ deviceId }) => deviceId);
}

test("who signs in again takes up the device used last, never that of another person", () => {
  const records = [record("a", 1), record("b", 3), record("c", 2), record("d", 9, "bob")];
  const many = Array.from({ length: CANDIDATES_MAX + 5 }, (_, index) => record(`x-${index}`, index));
  deepEqual(
    [idsOf(candidatesOf(records, "ada")), candidatesOf(many, "ada").length],
    [["b", "c", "a"], CANDIDATES_MAX],
  );
});

test("devices that are unused for long or too many are given up, a few at a time", () => {
  const nowMs = 100 * DAY_MS;
  const some = [record("old", 69 * DAY_MS), record("new", 71 * DAY_MS)];
  const many = Array.from({ length: RECORDS_MAX + 9 }, (_, index) => record(`x-${index}`, nowMs - index));
  const stale = staleOf(many, nowMs);
  deepEqual(
    [idsOf(staleOf(some, nowMs)), stale.length, stale[0]?.deviceId],
    [["old"], STALE_PER_START_MAX, `x-${RECORDS_MAX + 8}`],
  );
});

test("a device is recorded once", () => {
  const records = withRecord(withRecord([record("a", 1)], record("b", 1)), record("a", 2));
  deepEqual(records, [record("b", 1), record("a", 2)]);
});
