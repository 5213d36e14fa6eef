import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SETTINGS } from "@parley/server";
import { describeCommands } from "./program.js";

test("the command line's page lists exactly the commands there are", () => {
  const rows = page("cli.md").matchAll(/^\| `parley ([^`]+)`/gm);
  assert.deepEqual(
    Array.from(rows, ([, usage]) => usage),
    describeCommands().map(({ usage }) => usage),
  );
});

test("the settings' page lists exactly the settings there are, with their defaults", () => {
  const rows = page("configuration.md").matchAll(/^\| `--([^`]+)` +\| `([^`]+)` +\| `([^`]+)`/gm);
  assert.deepEqual(
    Array.from(rows, ([, option, variable, fallback]) => ({ option, variable, fallback })),
    SETTINGS.map(({ option, variable, fallback }) => ({ option, variable, fallback })),
  );
});

function page(name: string): string {
  return readFileSync(new URL(`../../../docs/operations/${name}`, import.meta.url), "utf8");
}
