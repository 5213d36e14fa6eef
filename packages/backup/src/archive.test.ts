/**
 * A backup is brought forward to any moment after it with the segments of an archive: what was acknowledged by the moment is
 * there, what was written after it is not. Method: records carry their time as their text, one a tick.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failureCode } from "@parley/base";
import { ManualTime, RecordingLogger, manualAmbient, seededRandom } from "@parley/base/testing";
import { systemScheduler } from "@parley/base/node";
import { openJournal } from "@parley/engine-embedded";
import { SimulatedDisk } from "@parley/engine-embedded/simulation";
import { Archiver } from "./archiver.js";
import { openDirectorySink } from "./directory-sink.js";
import { restoreBackup } from "./restore-backup.js";
import { takeBackup } from "./take-backup.js";
import {
  DATA,
  IDENTITY,
  LOGS,
  type SimulatedInstallation,
  ambientOf,
  openInstallation,
  recordsOf,
  row,
  tablesOn,
} from "./testing/simulated-installation.js";
import { simulatedFiles } from "./simulation/simulated-files.js";

const BACKUP = "/backup";
const RESTORED = "/restored";
const ARCHIVE = "/archive";
const ARCHIVED = `${ARCHIVE}/${IDENTITY.timeline}`;
const INTERVAL_MS = 60_000;
/** A new segment after every commit. */
const TINY = 1;
const PARTITIONS = [
  ["conversation", 0],
  ["conversation", 1],
  ["user", 0],
] as const;

interface Bench {
  readonly disk: SimulatedDisk;
  readonly installation: SimulatedInstallation;
  readonly archiver: Archiver;
  readonly time: ManualTime;
  readonly logger: RecordingLogger;
}

async function begin(disk = new SimulatedDisk(), segmentBytes = 500): Promise<Bench> {
  disk.put(`${DATA}/format.json`, Buffer.from('{"format":1,"createdBy":"test"}\n'));
  disk.put(`${DATA}/keys/tenant.keys`, Buffer.from("wrapped"));
  const installation = await openInstallation(disk, { segmentBytes });
  installation.rows = [row("key", "value")];
  const time = new ManualTime();
  const logger = new RecordingLogger();
  const archiver = await Archiver.start({
    archive: ARCHIVE,
    directory: DATA,
    identity: IDENTITY,
    journal: installation.journal.files,
    files: installation.files,
    ambient: { ...manualAmbient(time, logger), scheduler: systemSooner(time) },
    intervalMs: INTERVAL_MS,
  });
  return { disk, installation, archiver, time, logger };
}

/** Timers of manual time, and short sleeps of the copying that do not wait for it. */
function systemSooner(time: ManualTime): ManualTime {
  return Object.assign(Object.create(time) as ManualTime, {
    every: (intervalMs: number, task: () => void) => time.every(intervalMs, task),
    after: (_: number, task: () => void) => systemScheduler.after(0, task),
  });
}

/** Appends a record at a moment to each partition; everything acknowledged is trimmed. */
async function tick({ installation }: Bench, timeMs: number, isTrimmed = true): Promise<void> {
  for (const [log, partition] of PARTITIONS) await installation.append(log, partition, String(timeMs));
  if (!isTrimmed) return;
  for (const [log, partition] of PARTITIONS) {
    const each = installation.journal.log(log);
    await each.trim(partition, each.durableEnd(partition));
  }
}

async function backUp({ installation }: Bench, createdMs: number): Promise<void> {
  const sink = await openDirectorySink(installation.files, BACKUP);
  const clock = { nowMs: () => createdMs, monotonicMs: () => createdMs };
  await takeBackup(installation.source(), sink, { ambient: { ...ambientOf(), clock }, bytesPerSecond: 0 });
}

async function restore(disk: SimulatedDisk, untilMs?: number): Promise<readonly string[]> {
  const files = simulatedFiles(disk);
  await restoreBackup({
    from: BACKUP,
    to: RESTORED,
    files,
    ambient: ambientOf(),
    createTables: tablesOn(files),
    forward: {
      archive: ARCHIVE,
      ...(untilMs === undefined ? {} : { untilMs }),
      logs: LOGS,
      openJournal: (directory) =>
        openJournal({
          directory,
          logs: LOGS,
          scheduler: systemScheduler,
          logger: new RecordingLogger(),
          files,
          onFatal: () => undefined,
        }),
      timeOf: (_, payload) => Number(Buffer.from(payload).toString()),
    },
  });
  const { journal } = await openInstallation(disk, { directory: RESTORED });
  const records = await recordsOf(journal);
  await journal.close();
  return records;
}

function timesOf(records: readonly string[]): readonly number[] {
  return [...new Set(records.map((record) => Number(record.split(" ")[1])))].toSorted((a, b) => a - b);
}

describe("a backup brought forward", () => {
  test("has everything up to the moment and nothing after it, for every moment", async () => {
    const bench = await begin();
    for (let timeMs = 1; timeMs <= 10; timeMs++) await tick(bench, timeMs, false);
    await backUp(bench, 10);
    for (let timeMs = 11; timeMs <= 40; timeMs++) {
      await tick(bench, timeMs);
      if (timeMs % 7 === 0) await bench.archiver.archiveAll();
    }
    await bench.archiver.stop();
    await bench.installation.journal.close();
    for (let untilMs = 10; untilMs <= 41; untilMs++) {
      const records = await restore(bench.disk.copy(), untilMs);
      assert.deepEqual(
        timesOf(records),
        Array.from({ length: Math.min(untilMs, 40) }, (_, index) => index + 1),
      );
      assert.equal(records.length, Math.min(untilMs, 40) * PARTITIONS.length);
    }
    assert.equal((await restore(bench.disk.copy())).length, 40 * PARTITIONS.length);
  });

  test("is cut between two commits, so that nothing later is kept beside what is earlier", async () => {
    const bench = await begin(new SimulatedDisk(), 1_000_000);
    await backUp(bench, 0);
    const append = (log: (typeof LOGS)[number]["name"], text: string): Promise<void> =>
      bench.installation.append(log, 0, text);
    await append("conversation", "1");
    await Promise.all([append("conversation", "2"), append("user", "5"), append("conversation", "3")]);
    await append("user", "2");
    await bench.archiver.stop();
    await bench.installation.journal.close();
    assert.deepEqual(await restore(bench.disk, 4), ["conversation/0/0 1"]);
  });

  test("is refused when it is of a later moment, and without a whole archive", async () => {
    const bench = await begin(new SimulatedDisk(), TINY);
    await tick(bench, 1, false);
    await backUp(bench, 10);
    const without = await restore(bench.disk.copy()).catch(failureCode);
    for (let timeMs = 11; timeMs <= 20; timeMs++) await tick(bench, timeMs);
    await bench.archiver.stop();
    await bench.installation.journal.close();
    const archived = bench.disk.paths().filter((path) => path.startsWith(`${ARCHIVED}/journal`));
    const gap = bench.disk.copy();
    gap.delete(archived.at(-3)!);
    const other = bench.disk.copy();
    other.put(archived.at(-2)!, other.content(archived.at(-1)!));
    const damaged = bench.disk.copy();
    damaged.damage(archived.at(-2)!, damaged.content(archived.at(-2)!).length - 1);
    assert.deepEqual(
      [
        without,
        await restore(bench.disk.copy(), 9).catch(failureCode),
        await restore(gap).catch(failureCode),
        await restore(other).catch(failureCode),
        await restore(damaged).catch(failureCode),
      ],
      ["archive-missing", "backup-too-new", "archive-gap", "log-corrupt", "log-corrupt"],
    );
  });

  test("has the keys that there were when the archive ended, and none that was destroyed", async () => {
    const bench = await begin();
    bench.disk.put(`${DATA}/keys/old.keys`, Buffer.from("old"));
    await backUp(bench, 0);
    await tick(bench, 1);
    await bench.archiver.archiveAll();
    bench.disk.delete(`${DATA}/keys/old.keys`);
    bench.disk.put(`${DATA}/keys/new.keys`, Buffer.from("new"));
    bench.disk.put(`${DATA}/keys/master.key`, Buffer.from("SECRET"));
    await tick(bench, 2);
    await bench.archiver.stop();
    await bench.installation.journal.close();
    await restore(bench.disk);
    const keysIn = (directory: string): readonly string[] =>
      bench.disk.paths().filter((path) => path.startsWith(`${directory}/keys/`));
    const expected = (directory: string): readonly string[] => [
      `${directory}/keys/new.keys`,
      `${directory}/keys/tenant.keys`,
    ];
    assert.deepEqual([keysIn(ARCHIVED), keysIn(RESTORED)], [expected(ARCHIVED), expected(RESTORED)]);
  });
});

describe("an archive", () => {
  test("gets the active segment after a while, though it is not full", async () => {
    const bench = await begin(new SimulatedDisk(), 1_000_000);
    await tick(bench, 1);
    await bench.time.advance(INTERVAL_MS - 1_000);
    await settled();
    const before = bench.disk.paths().filter((path) => path.startsWith(ARCHIVED));
    await bench.time.advance(2_000);
    await until(() => bench.archiver.status.archivedSegments === 1);
    assert.deepEqual([before, bench.archiver.status.problem], [[], ""]);
    assert.ok(bench.disk.paths().includes(`${ARCHIVED}/journal/0000000000000001.seg`));
  });

  test("that cannot be written keeps the journal, says so once, and goes on when it can", async () => {
    const bench = await begin(new SimulatedDisk(), TINY);
    await tick(bench, 1);
    bench.disk.faults = (operation, path) =>
      operation === "create" && path.startsWith(ARCHIVE) ? { code: "EIO" } : undefined;
    for (let timeMs = 2; timeMs <= 9; timeMs++) await tick(bench, timeMs);
    const kept = bench.installation.journal.stats().segments;
    for (let tries = 0; tries < 3; tries++) {
      await bench.time.advance(11_000);
      await until(() => bench.archiver.status.problem !== "");
      await settled();
    }
    const errors = [...bench.logger.errors];
    bench.disk.faults = () => undefined;
    await bench.time.advance(11_000);
    await until(() => bench.archiver.status.problem === "");
    await tick(bench, 10);
    assert.deepEqual([kept > 20, errors], [true, ["archive-failed"]]);
    assert.ok(bench.installation.journal.stats().segments < 8);
  });

  test("goes on after a restart, and refuses what another journal left there", async () => {
    const bench = await begin();
    for (let timeMs = 1; timeMs <= 5; timeMs++) await tick(bench, timeMs, false);
    await bench.archiver.archiveAll();
    await bench.installation.journal.close();
    const again = await begin(bench.disk);
    await tick(again, 6);
    await again.archiver.archiveAll();
    await again.installation.journal.close();
    const path = bench.disk.paths().find((each) => each.startsWith(`${ARCHIVED}/journal`))!;
    const other = new SimulatedDisk();
    other.put(path, bench.disk.content(path));
    const stranger = await begin(other);
    await tick(stranger, 99);
    assert.equal(await stranger.archiver.archiveAll().catch(failureCode), "archive-conflict");
  });

  test("holds whole segments only, and each before it leaves the journal, wherever it is stopped", async () => {
    const work = async (disk: SimulatedDisk): Promise<void> => {
      const bench = await begin(disk);
      for (let timeMs = 1; timeMs <= 6; timeMs++) {
        await tick(bench, timeMs);
        await bench.archiver.archiveAll();
      }
      await bench.installation.journal.close();
    };
    const counting = new SimulatedDisk();
    let operations = 0;
    counting.faults = () => void (operations += 1);
    await work(counting);
    for (let at = 0; at < operations; at++) {
      const disk = new SimulatedDisk();
      const random = seededRandom(at);
      let left = at;
      disk.faults = () =>
        --left < 0 ? { code: "EIO", bytesDone: Math.floor(random.unit() * 300) } : undefined;
      await assert.rejects(work(disk));
      if (at % 2 === 0) disk.endProcess();
      else disk.losePower(() => random.unit() < 0.5);
      const again = await begin(disk);
      await again.archiver.archiveAll();
      const numbers = disk
        .paths()
        .filter((path) => path.startsWith(`${ARCHIVED}/journal`) && path.endsWith(".seg"))
        .map((path) => Number.parseInt(path.slice(-20), 16));
      const held = again.installation.journal.files.durableEnd().segment;
      assert.deepEqual(
        numbers,
        Array.from({ length: held - 1 }, (_, index) => index + 1),
        `stopped at operation ${at}`,
      );
      await again.installation.journal.close();
    }
    assert.ok(operations > 100);
  });
});

async function settled(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    assert.ok(turns < 10_000, "it takes too long");
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
