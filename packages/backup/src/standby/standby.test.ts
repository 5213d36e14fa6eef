/**
 * A standby that is promoted has everything that it had acknowledged, and what it has is a beginning of what the primary had.
 * Method: a primary and a standby on two simulated disks, connected by calls; either is stopped anywhere.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Ambient, type Clock, Failure, failureCode } from "@parley/base";
import { RecordingLogger, seededRandom } from "@parley/base/testing";
import { SimulatedDisk } from "@parley/engine-embedded/simulation";
import {
  DATA,
  IDENTITY,
  type SimulatedInstallation,
  ambientOf,
  lineOf,
  openInstallation,
  recordsOf,
  row,
  tableRows,
  tablesOn,
} from "../testing/simulated-installation.js";
import { simulatedFiles } from "../simulation/simulated-files.js";
import { Follower } from "./follower.js";
import type { Primary } from "./primary.js";
import { promoteStandby } from "./promote.js";
import { StandbySource } from "./standby-source.js";

const STANDBY = "/standby";
const ROWS = Array.from({ length: 7 }, (_, number) => row(`key ${number}`, `value ${number}`));
const PARTITIONS = [
  ["conversation", 0],
  ["conversation", 1],
  ["user", 0],
] as const;
const KEEP_BYTES = 1_000_000;

interface PrimarySide {
  readonly disk: SimulatedDisk;
  readonly installation: SimulatedInstallation;
  readonly source: StandbySource;
  /** Lets the timer of the primary run, and what it begins. */
  readonly look: () => Promise<void>;
}

async function startPrimary(
  options: { readonly disk?: SimulatedDisk; readonly keepBytes?: number; readonly timeline?: string } = {},
): Promise<PrimarySide> {
  const { disk = new SimulatedDisk(), keepBytes = KEEP_BYTES, timeline = IDENTITY.timeline } = options;
  disk.put(`${DATA}/format.json`, Buffer.from('{"format":1,"createdBy":"test"}\n'));
  disk.put(`${DATA}/keys/tenant.keys`, Buffer.from("wrapped"));
  const installation = await openInstallation(disk, { segmentBytes: 600 });
  installation.rows = [...ROWS];
  const ambient = awake();
  let tick = (): void => undefined;
  const every = (_: number, task: () => void): { cancel(): void } => {
    tick = task;
    return { cancel: () => undefined };
  };
  const source = new StandbySource({
    source: { ...installation.source(), identity: { ...IDENTITY, timeline } },
    ambient: { ...ambient, scheduler: { ...ambient.scheduler, every } },
    keepBytes,
    bytesPerSecond: 0,
  });
  const look = async (): Promise<void> => {
    tick();
    for (let turns = 0; turns < 10; turns++) await turn();
  };
  return { disk, installation, source, look };
}

/** Everything is trimmed as soon as it is there: it stays for the standby only. */
async function write({ installation }: PrimarySide, text: string): Promise<void> {
  for (const [log, partition] of PARTITIONS)
    await installation.append(log, partition, `${text} `.padEnd(40, "."));
  for (const [log, partition] of PARTITIONS) {
    const each = installation.journal.log(log);
    await each.trim(partition, each.durableEnd(partition));
  }
}

/** The calls of a primary, each a turn later; it may be another one at each call. */
function connected(primary: () => Primary): Primary {
  return {
    base: async (standby, sink) => {
      await turn();
      return primary().base(standby, sink);
    },
    tail: async (request) => {
      await turn();
      return primary().tail({ ...request, waitMs: 1 });
    },
    keys: async () => primary().keys(),
  };
}

interface StandbySide {
  readonly follower: Follower;
  readonly logger: RecordingLogger;
  readonly ended: Promise<unknown>;
}

function follow(
  disk: SimulatedDisk,
  primary: () => Primary,
  options: { readonly journalBytesMax?: number; readonly clock?: Clock } = {},
): StandbySide {
  const files = simulatedFiles(disk);
  const logger = new RecordingLogger();
  const follower = new Follower({
    folder: { files, directory: STANDBY, createTables: tablesOn(files) },
    primary: connected(primary),
    standby: "one",
    ambient: { ...awake(), logger, ...(options.clock === undefined ? {} : { clock: options.clock }) },
    journalBytesMax: options.journalBytesMax ?? KEEP_BYTES,
  });
  return { follower, logger, ended: follower.run().catch((error: unknown) => error) };
}

/** Waits are turns, and keep the process alive. */
function awake(): Ambient {
  const ambient = ambientOf();
  const after = (_: number, task: () => void): { cancel(): void } => {
    const timer = setTimeout(task, 1);
    return { cancel: () => clearTimeout(timer) };
  };
  return { ...ambient, scheduler: { ...ambient.scheduler, after } };
}

async function caughtUp({ follower }: StandbySide, { installation }: PrimarySide): Promise<void> {
  const total = (): number =>
    installation.journal.files
      .durableEnd()
      .ends.flat()
      .reduce((sum, next) => sum + next, 0);
  await until(() => follower.status.state === "following" && follower.status.records === total());
}

async function end({ follower, ended }: StandbySide): Promise<void> {
  follower.stop();
  await ended;
}

/** What the promoted standby has, by what the journal before its base's first record does not tell. */
async function promoted(
  disk: SimulatedDisk,
): Promise<{ readonly records: readonly string[]; readonly rows: string }> {
  const files = simulatedFiles(disk);
  await promoteStandby({ files, directory: STANDBY }, seededRandom(7));
  const { journal } = await openInstallation(disk, { directory: STANDBY });
  const records = await recordsOf(journal);
  await journal.close();
  return { records, rows: await tableRows(files, STANDBY) };
}

describe("a standby", () => {
  test("has what the primary has, and becomes an installation with another timeline", async () => {
    const primary = await startPrimary();
    for (let number = 0; number < 5; number++) await write(primary, `early ${number}`);
    const disk = new SimulatedDisk();
    const standby = follow(disk, () => primary.source);
    await caughtUp(standby, primary);
    for (let number = 0; number < 30; number++) await write(primary, `late ${number}`);
    await caughtUp(standby, primary);
    await until(() => primary.source.status[0]?.behindBytes === 0);
    const { behindRecords, isKept } = primary.source.status[0]!;
    const { status } = standby.follower;
    await end(standby);
    const { records, rows } = await promoted(disk);
    assert.deepEqual(
      [
        behindRecords,
        isKept,
        status.behindBytes,
        status.behindSeconds,
        status.basesFetched,
        status.canBePromoted,
      ],
      [0, true, 0, 0, 1, true],
    );
    assert.equal(records.filter((record) => record.includes("late")).length, 30 * PARTITIONS.length);
    assert.equal(rows, ROWS.map(lineOf).join(""));
    const names = disk.paths().filter((path) => !/journal|tables/.test(path));
    assert.deepEqual(
      names,
      ["format.json", "identity.json", "keys/tenant.keys"].map((name) => `${STANDBY}/${name}`),
    );
    assert.ok(!disk.content(`${STANDBY}/identity.json`).includes(IDENTITY.timeline));
    assert.ok(disk.content(`${STANDBY}/identity.json`).includes(IDENTITY.installation));
    const again = await promoteStandby(
      { files: simulatedFiles(disk), directory: STANDBY },
      seededRandom(7),
    ).catch(failureCode);
    assert.equal(again, "standby-foreign");
  });

  test("gets the keys that what it receives needs, and loses those that were destroyed", async () => {
    const primary = await startPrimary();
    const disk = new SimulatedDisk();
    const standby = follow(disk, () => primary.source);
    await caughtUp(standby, primary);
    primary.disk.put(`${DATA}/keys/2026-12.keys`, Buffer.from("newer"));
    primary.disk.delete(`${DATA}/keys/tenant.keys`);
    await write(primary, "sealed with the newer");
    await caughtUp(standby, primary);
    await end(standby);
    const keys = disk.paths().filter((path) => path.includes("/keys/"));
    assert.deepEqual(
      keys.map((path) => path.split("/keys/")[1]),
      ["2026-12.keys"],
    );
  });

  test("that is gone too long is let go of, and begins anew", async () => {
    const primary = await startPrimary({ keepBytes: 2_000 });
    const disk = new SimulatedDisk();
    const first = follow(disk, () => primary.source);
    await caughtUp(first, primary);
    await end(first);
    for (let number = 0; number < 60; number++) await write(primary, `missed ${number}`);
    await primary.look();
    assert.equal(primary.source.status[0]?.isKept, false);
    await write(primary, "trimmed");
    await turn();
    const kept = primary.installation.journal.stats().segments;
    const second = follow(disk, () => primary.source);
    await caughtUp(second, primary);
    await end(second);
    assert.deepEqual([kept < 10, second.follower.status.basesFetched], [true, 1]);
    assert.deepEqual(second.logger.warnings.includes("standby-needs-base"), true);
    assert.equal((await promoted(disk)).records.length > 0, true);
  });

  test("whose base takes too long does not fill the primary's disk", async () => {
    const primary = await startPrimary({ keepBytes: 3_000 });
    const kept: number[] = [];
    const sink = {
      begin: async () => {
        for (let number = 0; number < 60; number++) await write(primary, "meanwhile");
        // The look at what is kept comes by a timer; then the next trim removes it.
        await primary.look();
        await write(primary, "trimmed");
        kept.push(primary.installation.journal.stats().segments);
      },
      write: () => Promise.resolve(),
      end: () => Promise.resolve(),
      finish: () => Promise.resolve(),
    };
    const code = await primary.source.base("slow", sink).then(() => "given", failureCode);
    assert.deepEqual([code, kept.at(-1)! < 10], ["standby-base-too-slow", true]);
  });

  test("of a primary that began anew, or is another one, begins anew", async () => {
    const first = await startPrimary();
    let primary = first;
    const disk = new SimulatedDisk();
    const standby = follow(disk, () => primary.source);
    await write(first, "lost");
    await caughtUp(standby, first);
    primary = await startPrimary({ timeline: "c".repeat(32) });
    await write(primary, "other");
    await until(() => standby.follower.status.basesFetched === 2);
    await caughtUp(standby, primary);
    await end(standby);
    const { records } = await promoted(disk);
    assert.ok(records.length > 0 && records.every((record) => record.includes("other")), records.join());
  });

  test("of the same timeline with other bytes notices it", async () => {
    const first = await startPrimary();
    let primary = first;
    const disk = new SimulatedDisk();
    const standby = follow(disk, () => primary.source);
    await write(first, "one course");
    await caughtUp(standby, first);
    const other = await startPrimary();
    await write(other, "two course");
    primary = other;
    await until(() => standby.follower.status.basesFetched === 2);
    await caughtUp(standby, other);
    await end(standby);
    const { records } = await promoted(disk);
    assert.ok(records.every((record) => record.includes("two")));
  });

  test("takes a new base when its journal is long, and loses nothing by it", async () => {
    const primary = await startPrimary();
    const disk = new SimulatedDisk();
    const slow: Primary = {
      tail: (request) => primary.source.tail(request),
      keys: () => primary.source.keys(),
      async base(name, sink) {
        const manifest = await primary.source.base(name, sink);
        // What follows goes on meanwhile, into segments that the base does not have.
        for (let turns = 0; turns < 60; turns++) await turn();
        return manifest;
      },
    };
    const standby = follow(disk, () => slow, { journalBytesMax: 3_000 });
    await caughtUp(standby, primary);
    for (let number = 0; number < 120; number++) {
      await write(primary, `message ${number}`);
      await turn();
    }
    await until(() => standby.follower.status.basesFetched >= 2);
    await caughtUp(standby, primary);
    const expected = await lastOffsets(primary);
    await end(standby);
    const { records } = await promoted(disk);
    assert.deepEqual(
      PARTITIONS.map(([log, partition]) =>
        records.findLast((each) => each.startsWith(`${log}/${partition}/`)),
      ),
      expected,
    );
  });

  test("takes nothing that was changed on its way", async () => {
    const primary = await startPrimary();
    const disk = new SimulatedDisk();
    const count = { changes: 0 };
    const changing: Primary = {
      base: (standby, sink) => primary.source.base(standby, sink),
      keys: () => primary.source.keys(),
      async tail(request) {
        const chunk = await primary.source.tail(request);
        if (chunk.bytes.length < 30 || count.changes >= 3) return chunk;
        count.changes += 1;
        const bytes = Buffer.from(chunk.bytes);
        bytes[bytes.length - 1]! ^= 0x10;
        return { ...chunk, bytes };
      },
    };
    const standby = follow(disk, () => changing);
    for (let number = 0; count.changes < 3; number++) {
      assert.ok(number < 2_000);
      await write(primary, `message ${number}`);
      await turn();
    }
    await caughtUp(standby, primary);
    await end(standby);
    const { records } = await promoted(disk);
    assert.deepEqual(records.at(-1), (await lastOffsets(primary)).at(-1));
  });

  test("waits while the primary cannot be reached, and says so once", async () => {
    const primary = await startPrimary();
    const disk = new SimulatedDisk();
    let isDown = false;
    const standby = follow(disk, () => {
      if (isDown) throw new Failure("unavailable", "The primary does not answer.");
      return primary.source;
    });
    await caughtUp(standby, primary);
    isDown = true;
    await until(() => standby.follower.status.state === "waiting");
    for (let turns = 0; turns < 20; turns++) await turn();
    const warnings = standby.logger.warnings.filter((warning) => warning === "standby-waits");
    isDown = false;
    await write(primary, "back");
    await caughtUp(standby, primary);
    await end(standby);
    assert.deepEqual([warnings.length, standby.follower.status.basesFetched], [1, 1]);
  });

  test("does not count as current when the primary says nothing for long", async () => {
    const primary = await startPrimary();
    const time = { ms: 0 };
    const clock = { nowMs: () => time.ms, monotonicMs: () => time.ms };
    const waiting: (() => void)[] = [];
    let isSilent = false;
    const silent: Primary = {
      base: (standby, sink) => primary.source.base(standby, sink),
      keys: () => primary.source.keys(),
      async tail(request) {
        if (isSilent) await new Promise<void>((resolve) => waiting.push(resolve));
        return primary.source.tail(request);
      },
    };
    const standby = follow(new SimulatedDisk(), () => silent, { clock });
    await caughtUp(standby, primary);
    isSilent = true;
    await until(() => waiting.length > 0);
    const seconds: number[] = [];
    for (const ms of [9_000, 11_000]) {
      time.ms = ms;
      seconds.push(standby.follower.status.behindSeconds);
    }
    standby.follower.stop();
    waiting[0]!();
    await standby.ended;
    assert.deepEqual(seconds, [0, 11]);
  });

  test("refuses a directory that is something else", async () => {
    const primary = await startPrimary();
    const disk = new SimulatedDisk();
    disk.put(`${STANDBY}/holiday.jpg`, Buffer.from("sun"));
    const { ended } = follow(disk, () => primary.source);
    assert.equal(failureCode(await ended), "standby-foreign");
    assert.deepEqual(disk.paths(), [`${STANDBY}/holiday.jpg`]);
  });
});

test("a standby that is stopped anywhere has everything it acknowledged, and no more than the primary had", async () => {
  for (let seed = 0; seed < 150; seed++) {
    const random = seededRandom(seed);
    const primary = await startPrimary();
    const disk = new SimulatedDisk();
    let acknowledged = 0;
    const watched: Primary = {
      base: (standby, sink) => primary.source.base(standby, sink),
      keys: () => primary.source.keys(),
      tail: (request) => {
        // What a request says that it has is what it acknowledges.
        acknowledged = request.records;
        return primary.source.tail(request);
      },
    };
    let left = 40 + Math.floor(random.unit() * 260);
    const stop = { isReached: false };
    disk.faults = () => {
      left -= 1;
      if (left >= 0) return undefined;
      stop.isReached = true;
      return { code: "EIO", bytesDone: Math.floor(random.unit() * 200) };
    };
    const standby = follow(disk, () => watched, { journalBytesMax: seed % 2 === 0 ? 2_000 : KEEP_BYTES });
    for (let number = 0; number < 25 && !stop.isReached; number++) {
      await write(primary, `message ${number}`);
      await turn();
    }
    await until(() => stop.isReached || standby.follower.status.behindBytes === 0);
    if (seed % 3 === 0) disk.endProcess();
    else disk.losePower(() => random.unit() < 0.5);
    await end(standby);
    const made = await promoted(disk).catch(failureCode);
    if (typeof made !== "object") {
      assert.equal(made, "standby-empty", `seed ${seed}`);
      assert.equal(acknowledged, 0, `seed ${seed}: what was acknowledged is there`);
      continue;
    }
    const { files } = primary.installation.journal;
    const all = new Set(await recordsOf(primary.installation.journal));
    const first = made.records[0]!;
    assert.ok(
      made.records.every((record) => all.has(record) || !all.has(first)),
      `seed ${seed}`,
    );
    const { journal } = await openInstallation(disk, { directory: STANDBY });
    const reached = journal.files.durableEnd();
    const count = reached.ends.flat().reduce((sum, each) => sum + each, 0);
    assert.ok(count >= acknowledged, `seed ${seed}: ${count} records, ${acknowledged} were acknowledged`);
    assert.ok(reached.segment <= files.durableEnd().segment);
    await journal.close();
    primary.source.stop();
  }
});

test("a promotion that is stopped anywhere goes on when it is repeated", async () => {
  const primary = await startPrimary();
  const begin = new SimulatedDisk();
  const standby = follow(begin, () => primary.source);
  for (let number = 0; number < 6; number++) await write(primary, `message ${number}`);
  await caughtUp(standby, primary);
  await end(standby);
  begin.endProcess();
  const expected = await promoted(begin.copy());
  let operations = 0;
  const counting = begin.copy();
  counting.faults = () => void (operations += 1);
  await promoteStandby({ files: simulatedFiles(counting), directory: STANDBY }, seededRandom(1));
  for (let at = 0; at < operations; at++) {
    const disk = begin.copy();
    const random = seededRandom(at);
    let left = at;
    disk.faults = () => (--left < 0 ? { code: "EIO", bytesDone: Math.floor(random.unit() * 60) } : undefined);
    await assert.rejects(
      promoteStandby({ files: simulatedFiles(disk), directory: STANDBY }, seededRandom(1)),
    );
    if (at % 2 === 0) disk.endProcess();
    else disk.losePower(() => random.unit() < 0.5);
    const isInstalled = disk.paths().includes(`${STANDBY}/format.json`);
    const made = isInstalled ? await installed(disk) : await promoted(disk);
    assert.deepEqual(made, expected, `stopped at operation ${at}`);
  }
  assert.ok(operations > 20);
});

async function installed(
  disk: SimulatedDisk,
): Promise<{ readonly records: readonly string[]; readonly rows: string }> {
  const { journal, files } = await openInstallation(disk, { directory: STANDBY });
  const records = await recordsOf(journal);
  await journal.close();
  return { records, rows: await tableRows(files, STANDBY) };
}

/** The newest record of each partition of the primary. */
async function lastOffsets({ installation }: PrimarySide): Promise<readonly (string | undefined)[]> {
  return Promise.all(
    PARTITIONS.map(async ([name, partition]) => {
      const log = installation.journal.log(name);
      const offset = log.durableEnd(partition) - 1;
      // Trimmed, and all the same: what was written is known.
      const text = Math.max(0, offset);
      return `${name}/${partition}/${offset} ${`message ${text} `.padEnd(40, ".")}`;
    }),
  );
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    assert.ok(turns < 20_000, "it takes too long");
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
