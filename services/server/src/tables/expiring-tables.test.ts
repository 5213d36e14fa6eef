import assert from "node:assert/strict";
import { test } from "node:test";
import { expiringTables, TABLES } from "./table-catalog.js";

test("what expires leaves the disk, in blocks and in rows", () => {
  const swept = new Set(expiringTables().map(({ name }) => name));
  const topics = ["conversation-event", "conversation-event-block"].map((name) => swept.has(name));
  const rest = TABLES.filter(({ spec }) => spec.hasExpiry === true && !swept.has(spec.name));
  assert.deepEqual([topics, rest], [[true, true], []]);
});
