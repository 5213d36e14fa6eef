import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { ManualTime } from "@parley/base/testing";
import { Pauses } from "../pauses.js";
import {
  CHUNK_MS,
  IndexPace,
  REST_MS_MAX,
  ROWS_MAX,
  ROWS_MIN,
  ROWS_UNPACED,
  WAIT_SHARE,
} from "./index-pace.js";
import type { IndexWork } from "./index-work.js";

interface World {
  readonly time: ManualTime;
  readonly pace: IndexPace;
  /** Runs chunks that work and wait for as long as `costOf` says; gives the rows and the rest of each. */
  readonly run: (chunks: number, costOf: (rows: number) => Cost) => Promise<readonly Chunk[]>;
}

interface Cost {
  readonly workMs: number;
  readonly waitMs?: number;
}

interface Chunk {
  readonly rows: number;
  readonly restMs: number;
}

function world(work: IndexWork): World {
  const time = new ManualTime();
  let turnAfterMs = 0;
  const afterTurn = async <T>(task: () => T): Promise<T> => {
    await new Promise<void>((resolve) => void time.after(turnAfterMs, resolve));
    return task();
  };
  const pace = new IndexPace(
    {
      clock: time,
      pauses: new Pauses(time),
      alone: async (task) => afterTurn(task),
      join: async (begin) => (await afterTurn(begin)) !== undefined,
    },
    work,
  );
  const run: World["run"] = async (chunks, costOf) => {
    const ran: Chunk[] = [];
    for (let chunk = 0; chunk < chunks; chunk++) {
      let endedMs = 0;
      let rows = 0;
      const chunked = pace.chunk(async (rowsMax) => {
        rows = rowsMax;
        const { workMs, waitMs = 0 } = costOf(rowsMax);
        turnAfterMs = waitMs / 2;
        await pace.join(() => undefined);
        await pace.alone(async () => undefined);
        await new Promise<void>((resolve) => void time.after(workMs, resolve));
        endedMs = time.monotonicMs();
      });
      let restMs = 0;
      await time.run(chunked.then(() => (restMs = time.monotonicMs() - endedMs)));
      ran.push({ rows, restMs });
    }
    return ran;
  };
  return { time, pace, run };
}

test("a chunk becomes as many rows as take a few milliseconds, within bounds", async () => {
  const rowsWith = async (rowMs: number): Promise<number> => {
    const { run } = world({ timeShare: 0.5 });
    return (await run(8, (rows) => ({ workMs: rows * rowMs }))).at(-1)!.rows;
  };
  const between = CHUNK_MS / (ROWS_MIN + 100);
  deepEqual(
    [await rowsWith(between), await rowsWith(1), await rowsWith(0)],
    [ROWS_MIN + 100, ROWS_MIN, ROWS_MAX],
  );
});

test("after a chunk that took long the next is smaller at once, and then it grows again by steps", async () => {
  const { run } = world({ timeShare: 0.5 });
  const quick = { workMs: 0.01 };
  const rows = (await run(4, () => quick)).map((chunk) => chunk.rows);
  const [slow, ...rest] = await run(4, (at) => (at > 4 * ROWS_MIN ? { workMs: 400 } : quick));
  deepEqual(
    [...rows, slow?.rows, ...rest.map((chunk) => chunk.rows)].map((each) => each! / ROWS_MIN),
    [1, 2, 4, 8, 16, 1, 2, 4],
  );
});

test("rests so that it works for its share of the time, and longer for what it had to wait", async () => {
  const { run } = world({ timeShare: 0.2 });
  const [alone] = await run(1, () => ({ workMs: 3 }));
  const [waited] = await run(1, () => ({ workMs: 3, waitMs: 8 }));
  deepEqual([alone?.restMs, waited?.restMs], [12, 20]);
});

test("takes its share of the time when groups take long: more rows join each of them", async () => {
  const { run } = world({ timeShare: 0.2 });
  const chunks = await run(8, (rows) => ({ workMs: rows * 0.05, waitMs: 1_000 }));
  deepEqual(chunks.at(-1), { rows: (1_000 * WAIT_SHARE) / 0.05, restMs: REST_MS_MAX });
});

test("has a floor of progress, however long everything takes", async () => {
  const { run } = world({ timeShare: 0.01 });
  const chunks = await run(5, () => ({ workMs: 400, waitMs: 3_000 }));
  deepEqual(
    new Set(chunks.map(({ rows, restMs }) => `${rows} ${restMs}`)),
    new Set([`${ROWS_MIN} ${REST_MS_MAX}`]),
  );
});

test("works in large chunks without rest where nobody waits, and in those that are asked for", async () => {
  const all = await world({ timeShare: 1 }).run(2, () => ({ workMs: 50, waitMs: 50 }));
  const asked = await world({ chunkRows: 3, timeShare: 0.5 }).run(2, () => ({ workMs: 7 }));
  const [large, small] = [
    { rows: ROWS_UNPACED, restMs: 0 },
    { rows: 3, restMs: 7 },
  ];
  deepEqual([...all, ...asked], [large, large, small, small]);
});

test("a share of the time is more than none and no more than all", () => {
  for (const timeShare of [0, -1, 1.01, Number.NaN]) throws(() => world({ timeShare }), /some of the time/);
  equal(world({ timeShare: 1 }).time.waiting, 0);
});
