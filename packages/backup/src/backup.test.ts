/**
 * A backup that is taken while the installation is written to is that of one moment, is found to be whole or names what is
 * not, and becomes an installation with all that was durable when it began.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failureCode } from "@parley/base";
import { SimulatedDisk } from "@parley/engine-embedded/simulation";
import { openDirectorySink } from "./directory-sink.js";
import { restoreBackup } from "./restore-backup.js";
import { takeBackup } from "./take-backup.js";
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
} from "./testing/simulated-installation.js";
import { simulatedFiles } from "./simulation/simulated-files.js";
import { verifyBackup } from "./verify-backup.js";

const BACKUP = "/backup";
const RESTORED = "/restored";
const ROWS = Array.from({ length: 20 }, (_, number) => row(`key ${number}`, `value ${number}`));
const OPTIONS = { ambient: ambientOf(), bytesPerSecond: 0, rowsFileBytes: 300 };

async function filled(disk: SimulatedDisk): Promise<SimulatedInstallation> {
  disk.put(`${DATA}/format.json`, Buffer.from('{"format":1,"createdBy":"test"}\n'));
  disk.put(`${DATA}/keys/tenant.keys`, Buffer.from("wrapped"));
  disk.put(`${DATA}/keys/master.key`, Buffer.from("SECRET"));
  disk.put(`${DATA}/cold/0001/block`, Buffer.from("cold block"));
  const installation = await openInstallation(disk);
  installation.rows = [...ROWS];
  for (let number = 0; number < 30; number++) {
    await installation.append("conversation", number % 2, `message ${number}`);
    await installation.append("user", 0, `event ${number}`);
  }
  return installation;
}

async function backUp(installation: SimulatedInstallation): Promise<void> {
  const sink = await openDirectorySink(installation.files, BACKUP);
  await takeBackup(installation.source(), sink, OPTIONS);
}

describe("a backup", () => {
  test("restores to what was durable when it began, with another timeline", async () => {
    const disk = new SimulatedDisk();
    const installation = await filled(disk);
    const expected = await recordsOf(installation.journal);
    await backUp(installation);
    await installation.append("user", 0, "too late");
    const files = installation.files;
    const verified = await verifyBackup(files, BACKUP);
    const { identity } = await restoreBackup({
      from: BACKUP,
      to: RESTORED,
      files,
      ambient: ambientOf(2),
      createTables: tablesOn(files),
    });
    const restored = await openInstallation(disk, { directory: RESTORED });
    assert.deepEqual(
      [verified.damages, verified.rows, verified.records, await recordsOf(restored.journal)],
      [[], ROWS.length, expected.length, expected],
    );
    assert.equal(await tableRows(files, RESTORED), ROWS.map(lineOf).join(""));
    assert.equal(identity.installation, IDENTITY.installation);
    assert.notEqual(identity.timeline, IDENTITY.timeline);
    const others = disk.paths().filter((path) => path.startsWith(RESTORED) && !/journal|tables/.test(path));
    assert.deepEqual(
      others,
      ["cold/0001/block", "format.json", "identity.json", "keys/tenant.keys"].map(
        (name) => `${RESTORED}/${name}`,
      ),
    );
    assert.ok(!disk.paths().some((path) => path !== `${DATA}/keys/master.key` && path.includes("master")));
  });

  test("holds the records that its rows may need, however much is trimmed meanwhile", async () => {
    const disk = new SimulatedDisk();
    const installation = await filled(disk);
    const expected = await recordsOf(installation.journal);
    const source = installation.source();
    const sink = await openDirectorySink(installation.files, BACKUP);
    const trimming = {
      ...sink,
      async begin(name: string) {
        await sink.begin(name);
        for (const [log, partition] of [
          ["conversation", 0],
          ["conversation", 1],
          ["user", 0],
        ] as const) {
          const each = installation.journal.log(log);
          await installation.append(log, partition, "meanwhile");
          await each.trim(partition, each.durableEnd(partition));
        }
      },
    };
    await takeBackup(source, trimming, OPTIONS);
    const files = installation.files;
    await restoreBackup({
      from: BACKUP,
      to: RESTORED,
      files,
      ambient: ambientOf(2),
      createTables: tablesOn(files),
    });
    const restored = await openInstallation(disk, { directory: RESTORED });
    assert.deepEqual(await recordsOf(restored.journal), expected);
    const kept = disk.paths().filter((path) => path.startsWith(`${DATA}/journal`));
    assert.ok(kept.length < 5, `the hold is let go of: ${kept.length} segments`);
  });

  test("is refused where something is already", async () => {
    const disk = new SimulatedDisk();
    const installation = await filled(disk);
    await backUp(installation);
    const files = installation.files;
    const restore = (to: string): Promise<unknown> =>
      restoreBackup({ from: BACKUP, to, files, ambient: ambientOf(), createTables: tablesOn(files) });
    const codes = [
      await backUp(installation).catch(failureCode),
      await restore(DATA).catch(failureCode),
      await restore(RESTORED).catch(failureCode),
      await restore(RESTORED).catch(failureCode),
    ];
    assert.deepEqual(codes, [
      "backup-target-not-empty",
      "restore-target-not-empty",
      codes[2],
      "restore-target-not-empty",
    ]);
    assert.equal(typeof codes[2], "object");
  });

  test("that is cancelled is none, and lets the journal go", async () => {
    const disk = new SimulatedDisk();
    const installation = await filled(disk);
    const sink = await openDirectorySink(installation.files, BACKUP);
    let chunks = 0;
    const isCancelled = (): boolean => ++chunks > 3;
    const codes = [
      await takeBackup(installation.source(), sink, { ...OPTIONS, isCancelled }).catch(failureCode),
      await verifyBackup(installation.files, BACKUP).catch(failureCode),
    ];
    await sink.abandon();
    const segments = installation.journal.stats().segments;
    for (const [log, partition] of [
      ["conversation", 0],
      ["conversation", 1],
      ["user", 0],
    ] as const) {
      await installation.journal.log(log).trim(partition, 1000);
    }
    assert.deepEqual(codes, ["backup-cancelled", "backup-missing"]);
    assert.ok(installation.journal.stats().segments < segments);
  });

  test("stays below its rate", async () => {
    const disk = new SimulatedDisk();
    const installation = await filled(disk);
    const sink = await openDirectorySink(installation.files, BACKUP);
    let nowMs = 0;
    let bytes = 0;
    const ambient = {
      ...ambientOf(),
      clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
      scheduler: {
        ...ambientOf().scheduler,
        after: (delayMs: number, task: () => void) => {
          nowMs += delayMs;
          task();
          return { cancel: () => undefined };
        },
      },
    };
    const onProgress = (progress: { readonly bytes: number }): void => {
      bytes = progress.bytes;
    };
    await takeBackup(installation.source(), sink, { ...OPTIONS, ambient, bytesPerSecond: 1000, onProgress });
    assert.ok(Math.abs(nowMs - bytes) < 400, `${bytes} bytes in ${nowMs} ms`);
  });
});

test("any flipped byte of a backup is found, in its file, and it is not restored", async () => {
  const disk = new SimulatedDisk();
  const installation = await filled(disk);
  await backUp(installation);
  await installation.journal.close();
  for (const path of disk.paths().filter((each) => each.startsWith(BACKUP))) {
    const { length } = disk.content(path);
    for (let position = 0; position < length; position += 7) {
      const damagedDisk = disk.copy();
      damagedDisk.damage(path, position);
      const files = simulatedFiles(damagedDisk);
      const found = await verifyBackup(files, BACKUP).catch(failureCode);
      const where = `${path} byte ${position}`;
      if (path.endsWith("manifest.json")) assert.ok(found === "backup-damaged", where);
      else {
        assert.ok(typeof found === "object", where);
        assert.deepEqual([found.damages.length, found.damages[0]!.file], [1, path], where);
        assert.ok(found.damages[0]!.offset <= position, where);
      }
      if (position > 0) continue;
      const before = damagedDisk.paths();
      const to = { from: BACKUP, to: RESTORED, files, ambient: ambientOf(), createTables: tablesOn(files) };
      assert.equal(await restoreBackup(to).catch(failureCode), "backup-damaged", where);
      assert.deepEqual(damagedDisk.paths(), before);
    }
  }
});

test("a file that is missing, cut off or too long is damage", async () => {
  const disk = new SimulatedDisk();
  const installation = await filled(disk);
  await backUp(installation);
  await installation.journal.close();
  for (const path of disk
    .paths()
    .filter((each) => each.startsWith(BACKUP) && !each.endsWith("manifest.json"))) {
    const content = disk.content(path);
    const changes: readonly ((changed: SimulatedDisk) => void)[] = [
      (changed) => changed.delete(path),
      (changed) => changed.put(path, content.subarray(0, content.length - 1)),
      (changed) => changed.put(path, content.subarray(0, 0)),
      (changed) => changed.put(path, Buffer.concat([content, Buffer.from("x")])),
    ];
    for (const [index, change] of changes.entries()) {
      const changed = disk.copy();
      change(changed);
      const { damages } = await verifyBackup(simulatedFiles(changed), BACKUP);
      assert.deepEqual([damages.length, damages[0]?.file], [1, path], `${path} change ${index}`);
    }
  }
});
