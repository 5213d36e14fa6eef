/** The document lists every kind of anomaly with its invariant. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ANOMALY_CODES } from "./anomaly-codes.js";

const DOCUMENT = new URL("../../../docs/subsystems/checker.md", import.meta.url);

test("docs/subsystems/checker.md has every code and its invariant, in order", async () => {
  const text = await readFile(DOCUMENT, "utf8");
  const rows = [...text.matchAll(/^\| `([a-z-]+)` +\| (I\d+'*) +\|/gm)].map((match) => [match[1], match[2]]);
  assert.deepEqual(rows, Object.entries(ANOMALY_CODES));
});
