import assert from "node:assert/strict";
import { test } from "node:test";
import { isRareTime, withRarePaths } from "./rare-paths.js";

test("a rare path is never taken, but while somebody chooses", () => {
  const seen = [isRareTime("page-ends-early")];
  const undo = withRarePaths((path) => path === "page-ends-early");
  seen.push(isRareTime("page-ends-early"), isRareTime("request-is-put-off"));
  undo();
  seen.push(isRareTime("page-ends-early"));
  assert.deepEqual(seen, [false, true, false, false]);
});
