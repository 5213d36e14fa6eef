import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { readDoc, rowsOf } from "@parley/base/testing";
import { wireText } from "./testing/wire-schemas.js";
import { PROTOCOL_VERSION, PROTOCOL_VERSION_MIN } from "./version.js";

const HASH_DIGITS = 16;

const history = rowsOf(readDoc("protocol/versions.md")).map(([version, since, isServed, hash]) => ({
  version: Number(version),
  since,
  isServed: isServed === "yes",
  hash,
}));

test("the history of versions has no hole and ends with the current one", () => {
  assert.deepEqual(
    history.map(({ version }) => version),
    Array.from({ length: PROTOCOL_VERSION }, (_, index) => index + 1),
  );
});

test("the history says which versions are served", () => {
  assert.deepEqual(
    history.filter(({ isServed }) => isServed).map(({ version }) => version),
    history.map(({ version }) => version).filter((version) => version >= PROTOCOL_VERSION_MIN),
  );
});

test("the schemas are those of the current version", () => {
  const hash = createHash("sha256").update(wireText()).digest("hex").slice(0, HASH_DIGITS);
  assert.equal(
    hash,
    history.at(-1)?.hash,
    `The schemas changed: count PROTOCOL_VERSION up, add a row with the schema ${hash} to docs/protocol/versions.md, ` +
      "and run npm run proto.",
  );
});

test("every version has a schema of its own", () => {
  const hashes = history.map(({ hash }) => hash);
  assert.deepEqual([...new Set(hashes)], hashes);
});
