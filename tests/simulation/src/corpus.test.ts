/**
 * Goal: what was found once stays found.
 *
 * Method: every seed that has shown a bug runs again, with the plan that it had then: later changes of how plans are drawn do
 * not change it.
 */
import { type Plan, simulate } from "@parley/simulator";
import { deepEqual, ok } from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

interface Case {
  readonly found: string;
  readonly seed: number;
  readonly plan: Plan;
}

const folder = fileURLToPath(new URL("../corpus", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

test("there is a corpus", () => {
  ok(files.length > 0);
});

for (const name of files) {
  const { found, seed, plan } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Case;
  test(`${name}: ${found}`, async () => {
    const { complaints } = await simulate(seed, plan);
    deepEqual(complaints, []);
  });
}
