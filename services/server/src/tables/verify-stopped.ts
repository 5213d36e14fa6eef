/**
 * Verifies the tables of an installation that nobody serves. Nothing is started: the log is not applied, so that an
 * installation that can no longer start can still be looked at. First the files: LevelDB is not let near damaged ones.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure, failureCode, messageOf } from "@parley/base";
import { type DataDirectory, openDataDirectory, openLevelTables, verifyFiles } from "@parley/engine-embedded";
import type { Keyring, MasterKeySource } from "@parley/keys";
import { BlockTables, type Tables, openIndexedTables } from "@parley/tables";
import { FORMAT_VERSION } from "../format-version.js";
import { openKeyring, readMasterKey } from "../keys/open-keyring.js";
import { coldIn, sealedOver } from "../stored-tables.js";
import { INDEXED } from "../table-stack.js";
import { ReportBuilder, type VerifyReport } from "./verify-report.js";
import { type VerifyWork, verifyCounters, verifyIndexes, verifyRows } from "./verify-tables.js";

const FORMAT_FILE = "format.json";
const EVERY_BYTE = { tableBytesMax: Number.MAX_SAFE_INTEGER };

export interface VerifyStoppedOptions extends Pick<VerifyWork, "ambient" | "onProgress"> {
  readonly dataDirectory: string;
  readonly masterKey?: MasterKeySource;
}

/**
 * Errors: "installation-unknown", "data-directory-locked" (a server runs on it: ask that one) and the others of
 *   `openDataDirectory`, those of the keys, "tables-failed".
 */
export async function verifyStopped(options: VerifyStoppedOptions): Promise<VerifyReport> {
  const { dataDirectory, ambient, onProgress } = options;
  if (!existsSync(join(dataDirectory, FORMAT_FILE))) {
    const message = `There is no installation in ${dataDirectory}. Name its data directory with --data.`;
    throw new Failure("installation-unknown", message, { retry: "after-change" });
  }
  const masterKey = options.masterKey === undefined ? undefined : await readMasterKey(options.masterKey);
  const directory = await openDataDirectory(dataDirectory, {
    formatVersion: FORMAT_VERSION,
    isEncrypted: true,
  });
  const report = new ReportBuilder();
  const work: VerifyWork = { ambient, report, isGentle: false, onProgress, isCancelled: () => false };
  try {
    if (!existsSync(directory.tablesPath)) return report.report();
    await readFiles(directory, work);
    if (report.wrong.file === undefined) {
      const keyring = directory.isEncrypted
        ? await openKeyring({ directory, masterKey, ambient })
        : undefined;
      await readTables(directory, keyring, work);
    } else {
      report.add({ kind: "unchecked", message: "rows are not looked at while files are damaged" });
    }
    return report.report();
  } finally {
    await directory.release();
  }
}

async function readFiles({ tablesPath }: DataDirectory, { report, onProgress }: VerifyWork): Promise<void> {
  for await (const { bytes, damage } of verifyFiles(tablesPath, EVERY_BYTE)) {
    report.files += 1;
    report.fileBytes += bytes;
    if (damage !== undefined) {
      const message = damage.offset === 0 && bytes === 0 ? "the file is missing" : "the file is damaged";
      report.add({ kind: "file", message, ...damage });
    }
    onProgress("files", report.files);
  }
}

async function readTables(
  directory: DataDirectory,
  keyring: Keyring | undefined,
  work: VerifyWork,
): Promise<void> {
  const { clock, scheduler, logger } = work.ambient;
  const level = await openLevelTables({ directory: directory.tablesPath, clock });
  let tables: Tables = level;
  try {
    const sealed = sealedOver(level, keyring, scheduler);
    const cold = coldIn(directory, { sealed, random: work.ambient.random });
    tables = new BlockTables({ tables: sealed ?? level, clock, scheduler, logger, cold });
    const direct = await openIndexed(tables, work);
    const indexes = direct?.indexStatus() ?? [];
    await verifyRows(level.snapshotRows(), { keyring, indexes, cold }, work);
    if (direct === undefined) return;
    tables = direct;
    await verifyIndexes(direct, work);
    await verifyCounters(direct, work);
  } finally {
    await tables.close();
  }
}

/** Undefined when what is known about indexes is damaged, which is told. */
async function openIndexed(
  tables: Tables,
  { ambient, report }: VerifyWork,
): Promise<Awaited<ReturnType<typeof openIndexedTables>> | undefined> {
  const { clock, scheduler } = ambient;
  try {
    return await openIndexedTables({ tables, declared: INDEXED, clock, scheduler });
  } catch (error) {
    const code = failureCode(error);
    if (code !== "tables-corrupt" && code !== "key-missing") throw error;
    report.add({ kind: "unchecked", message: `indexes and counters: ${messageOf(error)}` });
    return undefined;
  }
}
