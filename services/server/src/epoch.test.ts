import assert from "node:assert/strict";
import { test } from "node:test";
import { epochAfter } from "./epoch.js";

test("the queues of a tenant get a later epoch each time its keys are destroyed, whatever the clock says", () => {
  const epochs = [[], [500], [500, 900], [500, 900, 20], [500, 900, 20, 901]].map((destroyedMs) =>
    epochAfter(100, destroyedMs),
  );
  assert.deepEqual(epochs, [100, 500, 900, 901, 902]);
});
