import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { Failure, failureCode } from "@parley/base";
import type { Batch } from "../tables.js";
import { Sequencer, WAITING_WRITES_MAX } from "./sequencer.js";

const DURABLE = { isDurable: true };

function named(name: string, isPlain = false): Batch {
  return isPlain ? { partition: [name], writes: [] } : { partition: [name], writes: [], conditions: [] };
}

interface World {
  readonly sequencer: Sequencer;
  /** What was done, in order. */
  readonly log: string[];
  /** Lets a write that waits go on, and everything after it that does not wait. */
  readonly release: () => Promise<void>;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function world(failing: ReadonlySet<string> = new Set()): World {
  const log: string[] = [];
  const gates: (() => void)[] = [];
  const names = (batches: readonly Batch[]): string => batches.map(({ partition }) => partition[0]).join("+");
  const sequencer = new Sequencer({
    isPlain: ({ conditions }) => conditions === undefined,
    prepare: async (batches) => {
      log.push(`look ${names(batches)}`);
      const failures = new Map(
        batches.flatMap(({ partition }, index) =>
          failing.has(String(partition[0]))
            ? [[index, new Failure("condition-failed", "Not met.")] as const]
            : [],
        ),
      );
      return { batches: batches.filter((_, index) => !failures.has(index)), failures };
    },
    write: async (batches) => {
      log.push(`write ${names(batches)}`);
      await new Promise<void>((resolve) => {
        gates.push(resolve);
      });
      if (batches.some(({ partition }) => partition[0] === "broken"))
        throw new Failure("tables-failed", "Broken.");
      log.push(`written ${names(batches)}`);
    },
    turn,
  });
  const release = async (): Promise<void> => {
    await turn();
    gates.shift()?.();
    await turn();
  };
  return { sequencer, log, release };
}

function outcomes(promises: readonly Promise<unknown>[]): Promise<readonly string[]> {
  return Promise.all(
    promises.map(async (promise) => {
      try {
        await promise;
        return "done";
      } catch (error) {
        return failureCode(error) ?? String(error);
      }
    }),
  );
}

test("plain writes pass side by side, and whoever looks waits until they are written", async () => {
  const { sequencer, log, release } = world();
  const writes = [
    sequencer.write([named("a", true)], DURABLE),
    sequencer.write([named("b", true)], DURABLE),
    sequencer.write([named("c")], DURABLE),
    sequencer.write([named("d", true)], DURABLE),
  ];
  for (let step = 0; step < 3; step++) await release();
  deepEqual(await outcomes(writes), ["done", "done", "done", "done"]);
  deepEqual(log, ["write a", "write b", "written a", "written b", "look c+d", "write c+d", "written c+d"]);
});

test("writes that wait become one group, and a task that is alone runs between two", async () => {
  const { sequencer, log, release } = world();
  const first = sequencer.write([named("a")], DURABLE);
  await release();
  const rest = ["b", "c"].map((name) => sequencer.write([named(name)], DURABLE));
  const alone = sequencer.alone(async () => void log.push("alone"));
  const last = sequencer.write([named("d")], DURABLE);
  for (let step = 0; step < 3; step++) await release();
  deepEqual(await outcomes([first, ...rest, alone, last]), ["done", "done", "done", "done", "done"]);
  deepEqual(log, ["look a", "write a", "written a", "look b+c+d", "write b+c+d", "written b+c+d", "alone"]);
});

test("a condition that is not met fails its own call alone, and a failed write all calls of its group", async () => {
  const { sequencer, release } = world(new Set(["unmet"]));
  const met = outcomes([
    sequencer.write([named("a"), named("unmet"), named("b")], DURABLE),
    sequencer.write([named("c")], DURABLE),
  ]);
  await release();
  const broken = outcomes([
    sequencer.write([named("broken")], DURABLE),
    sequencer.write([named("e")], DURABLE),
  ]);
  await release();
  deepEqual(
    [...(await met), ...(await broken)],
    ["condition-failed", "done", "tables-failed", "tables-failed"],
  );
});

test("beyond the writes that may wait the next is refused, and those who wait are written", async () => {
  const { sequencer, release } = world();
  const first = sequencer.write([named("a")], DURABLE);
  // Until the first group is under way, the first call waits too.
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  const waiting = Array.from({ length: WAITING_WRITES_MAX }, () => sequencer.write([named("w")], DURABLE));
  const refused = await outcomes([sequencer.write([named("x")], DURABLE)]);
  await release();
  await release();
  const ends = await outcomes([first, ...waiting]);
  deepEqual([refused, new Set(ends)], [["tables-busy"], new Set(["done"])]);
});

test("what joins goes down with the next group, one piece with each, and alone when nobody writes", async () => {
  const { sequencer, log, release } = world();
  const first = sequencer.write([named("a")], DURABLE);
  await release();
  const next = sequencer.write([named("b")], DURABLE);
  const joined = ["j", "k"].map((name) =>
    sequencer.join(() => {
      log.push(`begin ${name}`);
      return { batches: [named(name)], onWritten: () => log.push(`on written ${name}`) };
    }),
  );
  const alone = sequencer.alone(async () => void log.push("alone"));
  for (let step = 0; step < 2; step++) await release();
  deepEqual(await outcomes([first, next, alone, ...joined]), Array(5).fill("done"));
  equal(
    log.slice(3).join(", "),
    "look b, begin j, write b+j, written b+j, on written j, alone, begin k, write k, written k, on written k",
  );
});

test("what has nothing to join, or fails to begin, leaves the group as it is", async () => {
  const { sequencer, log, release } = world();
  const writes = ["a", "b", "c"].map((name) => sequencer.write([named(name)], DURABLE));
  const nothing = sequencer.join(() => undefined);
  const failing = outcomes([
    sequencer.join(() => {
      throw new Failure("index-dropped", "Dropped.");
    }),
  ]);
  for (let step = 0; step < 2; step++) await release();
  deepEqual(
    [await outcomes(writes), await nothing, await failing, log.at(-1)],
    [["done", "done", "done"], false, ["index-dropped"], "written a+b+c"],
  );
});

test("a write that fails fails what has joined it, and a group that cannot look does not take it along", async () => {
  const { sequencer, release } = world();
  const broken = outcomes([
    sequencer.write([named("a")], DURABLE),
    sequencer.join(() => ({ batches: [named("broken")], onWritten: () => undefined })),
  ]);
  await release();
  deepEqual(await broken, ["tables-failed", "tables-failed"]);
  const blind = new Sequencer({
    isPlain: () => false,
    prepare: () => Promise.reject(new Failure("tables-corrupt", "Damaged.")),
    write: async () => undefined,
    turn,
  });
  const ends = outcomes([
    blind.write([named("a")], DURABLE),
    blind.join(() => ({ batches: [named("j")], onWritten: () => undefined })),
  ]);
  deepEqual(await ends, ["tables-corrupt", "done"]);
});

test("what joins makes its group durable", async () => {
  const durable: boolean[] = [];
  const sequencer = new Sequencer({
    isPlain: () => true,
    prepare: async (batches) => ({ batches, failures: new Map() }),
    write: async (_batches, { isDurable }) => void durable.push(isDurable),
    turn,
  });
  await Promise.all([
    sequencer.alone(async () => undefined),
    sequencer.write([named("a")], { isDurable: false }),
    sequencer.join(() => ({ batches: [named("j")], onWritten: () => undefined })),
    sequencer.join(() => undefined),
  ]);
  await sequencer.write([named("b")], { isDurable: false });
  deepEqual(durable, [true, false]);
});

test("a closed sequencer finishes what it has taken and refuses the rest", async () => {
  const { sequencer, log, release } = world();
  const writes = [
    sequencer.write([named("a")], DURABLE),
    sequencer.alone(async () => void log.push("alone")),
  ];
  const closing = sequencer.close();
  const late = await outcomes([
    sequencer.write([named("b", true)], DURABLE),
    sequencer.alone(async () => undefined),
    sequencer.join(() => undefined),
  ]);
  await release();
  await closing;
  equal(log.at(-1), "alone");
  deepEqual(
    [await outcomes(writes), late],
    [
      ["done", "done"],
      ["tables-closed", "tables-closed", "tables-closed"],
    ],
  );
});
