/**
 * A stop at any disk operation of a backup leaves a whole backup or none; one of a restore leaves an installation with
 * everything or none. Method: the operations of a run are counted, then the run is repeated and stopped at each of them, by
 * the end of the process or a loss of power in which sectors and names that were not synced survive at random.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { seededRandom } from "@parley/base/testing";
import { SimulatedDisk } from "@parley/engine-embedded/simulation";
import { openDirectorySink } from "./directory-sink.js";
import { restoreBackup } from "./restore-backup.js";
import { takeBackup } from "./take-backup.js";
import {
  DATA,
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
const ROWS = Array.from({ length: 8 }, (_, number) => row(`key ${number}`, `value ${number}`));
const WAYS = ["process", "power", "power"] as const;

/** A disk with an installation, closed, and what its journal holds. */
async function prepare(): Promise<{ readonly disk: SimulatedDisk; readonly records: readonly string[] }> {
  const disk = new SimulatedDisk();
  disk.put(`${DATA}/format.json`, Buffer.from('{"format":1,"createdBy":"test"}\n'));
  disk.put(`${DATA}/keys/tenant.keys`, Buffer.from("wrapped"));
  const installation = await openInstallation(disk);
  for (let number = 0; number < 8; number++) await installation.append("user", 0, `event ${number}`);
  const records = await recordsOf(installation.journal);
  await installation.journal.close();
  return { disk, records };
}

async function backUp(disk: SimulatedDisk): Promise<void> {
  const installation = await openInstallation(disk);
  installation.rows = [...ROWS];
  const sink = await openDirectorySink(installation.files, BACKUP);
  await takeBackup(installation.source(), sink, {
    ambient: ambientOf(),
    bytesPerSecond: 0,
    rowsFileBytes: 100,
  });
  await installation.journal.close();
}

async function restore(disk: SimulatedDisk): Promise<void> {
  const files = simulatedFiles(disk);
  await restoreBackup({
    from: BACKUP,
    to: RESTORED,
    files,
    ambient: ambientOf(),
    createTables: tablesOn(files),
  });
}

/** Runs `work` and stops it at each of its disk operations, each in every way; then `check` looks. */
async function stopAnywhere(
  begin: SimulatedDisk,
  work: (disk: SimulatedDisk) => Promise<void>,
  check: (disk: SimulatedDisk, where: string) => Promise<boolean>,
): Promise<void> {
  const counting = begin.copy();
  let operations = 0;
  counting.faults = () => {
    operations += 1;
    return undefined;
  };
  await work(counting);
  let finished = 0;
  for (let at = 0; at < operations; at++) {
    for (const [index, way] of WAYS.entries()) {
      const disk = begin.copy();
      const random = seededRandom(at * WAYS.length + index);
      let left = at;
      disk.faults = (_, path) => {
        left -= 1;
        return left < 0 ? { code: `EIO at ${path}`, bytesDone: Math.floor(random.unit() * 200) } : undefined;
      };
      await assert.rejects(work(disk));
      if (way === "power") disk.losePower(() => random.unit() < 0.5);
      else disk.endProcess();
      if (await check(disk, `operation ${at}, ${way}`)) finished += 1;
    }
  }
  assert.ok(operations > 30 && finished > 0, `${finished} of ${operations} operations came after the end`);
}

test("a backup that is stopped anywhere is whole or none", async () => {
  const { disk: begin, records } = await prepare();
  await stopAnywhere(begin, backUp, async (disk, where) => {
    const found = await verifyBackup(simulatedFiles(disk), BACKUP).catch(failureCode);
    if (found === "backup-missing") return false;
    assert.ok(typeof found === "object", `${where}: ${JSON.stringify(found)}`);
    assert.deepEqual([found.damages, found.records, found.rows], [[], records.length, ROWS.length], where);
    return true;
  });
});

test("a restore that is stopped anywhere is whole or recognised as unfinished", async () => {
  const { disk: begin, records } = await prepare();
  await backUp(begin);
  await stopAnywhere(begin, restore, async (disk, where) => {
    const names = disk.paths().filter((path) => path.startsWith(RESTORED));
    if (!names.includes(`${RESTORED}/format.json`)) {
      const again = await restore(disk).catch(failureCode);
      assert.ok(again === "restore-unfinished" || again === undefined, `${where}: ${String(again)}`);
      return false;
    }
    const restored = await openInstallation(disk, { directory: RESTORED });
    assert.deepEqual(await recordsOf(restored.journal), records, where);
    assert.equal(await tableRows(simulatedFiles(disk), RESTORED), ROWS.map(lineOf).join(""), where);
    assert.ok(
      names.includes(`${RESTORED}/identity.json`) && names.includes(`${RESTORED}/keys/tenant.keys`),
      where,
    );
    return true;
  });
});
