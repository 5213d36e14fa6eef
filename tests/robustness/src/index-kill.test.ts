/**
 * Goal: a kill -9 in the middle of an index build costs neither an entry nor a write that was acknowledged, and the build goes
 * on from where it was.
 *
 * Method: the process of the index benchmark, over sealed tables on a real disk, with writers whose writes are noted in files.
 */
import { deepEqual } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runKilledBuild } from "@parley/bench";
import { seedOfRun } from "./seed.js";

const ROWS = 10_000;
const CONVERSATIONS = 200;
const WRITES_PER_SECOND = 1_000;

test("a killed index build goes on, misses no entry and keeps none too many, and every acknowledged write is there", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "parley-index-kill-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const figures = await runKilledBuild({
    directory,
    rows: ROWS,
    conversations: CONVERSATIONS,
    seed: seedOfRun(),
    rate: WRITES_PER_SECOND,
    timeShare: 0.5,
  });
  const { missing, extra, different, lost, resumed_from_rows: from = 0, acknowledged = 0 } = figures;
  t.diagnostic(`resumed from row ${from}, ${acknowledged} writes acknowledged`);
  deepEqual(
    { missing, extra, different, lost, hasGoneOn: from >= ROWS / 4, hasWritten: acknowledged > 100 },
    { missing: 0, extra: 0, different: 0, lost: 0, hasGoneOn: true, hasWritten: true },
  );
});
