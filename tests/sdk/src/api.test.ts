/** Goal: nobody changes the public API without seeing it, and every name of it is explained. */
import { deepEqual, equal } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { forgottenExports, madeFiles, undocumented } from "./api-report.js";

for (const [path, text] of madeFiles())
  test(`${path} is what the code exports`, () => {
    const file = new URL(`../../../${path}`, import.meta.url);
    const kept = existsSync(file) ? readFileSync(file, "utf8") : "";
    equal(kept, text, "The public API changed: run npm run api and review what it wrote.");
  });

test("every exported name says what it is", () => {
  deepEqual(undocumented(), []);
});

test("whatever the public API names can be imported", () => {
  deepEqual(forgottenExports(), []);
});
