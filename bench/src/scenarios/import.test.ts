import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { measureImport } from "./import.js";

test("made chat logs are brought in whole, and once", async () => {
  const { figures, complaints } = await measureImport(
    { logs: undefined, lines: 1_600, seed: 1 },
    () => undefined,
  );
  deepEqual(
    [complaints, figures["lines"], figures["files"], figures["messages"], figures["logs"]],
    [[], 1_600, 2, 1_600, "made"],
  );
  ok((figures["lines_per_s"] as number) > 0);
});
