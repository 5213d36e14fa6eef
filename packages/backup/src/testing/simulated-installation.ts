/** An installation on a simulated disk: a real journal, rows in memory, files beside them. For the tests of this package. */
import { crc32 } from "node:zlib";
import type { Ambient } from "@parley/base";
import { ManualTime, manualAmbient, RecordingLogger } from "@parley/base/testing";
import { systemScheduler } from "@parley/base/node";
import { type Journal, type RowImport, type StoredRow, openJournal } from "@parley/engine-embedded";
import type { SimulatedDisk } from "@parley/engine-embedded/simulation";
import type { BackupFiles } from "../backup-files.js";
import { createFile, findContent } from "../backup-files.js";
import { simulatedFiles } from "../simulation/simulated-files.js";
import type { BackupSource } from "../take-backup.js";

export const DATA = "/data";
export const LOGS = [
  { name: "conversation", partitionCount: 2 },
  { name: "user", partitionCount: 1 },
] as const;
export const IDENTITY = { installation: "a".repeat(32), timeline: "b".repeat(32) };
const PAGE_ROWS = 3;

/** Time that goes by itself, and chance from a seed. */
export function ambientOf(seed = 1): Ambient {
  return { ...manualAmbient(new ManualTime(), new RecordingLogger(), seed), scheduler: systemScheduler };
}

/** A row with the checksum that the tables give it. */
export function row(key: string, value: string): StoredRow {
  const keyBytes = Buffer.from(key);
  const valueBytes = Buffer.from(value);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(valueBytes, crc32(keyBytes)));
  return [keyBytes, Buffer.concat([checksum, valueBytes])];
}

export class SimulatedInstallation {
  readonly journal: Journal;
  readonly files: BackupFiles;
  rows: StoredRow[] = [];

  constructor(journal: Journal, files: BackupFiles) {
    this.journal = journal;
    this.files = files;
  }

  source(): BackupSource {
    return {
      identity: IDENTITY,
      directory: DATA,
      files: this.files,
      journal: this.journal.files,
      snapshotRows: () => {
        const rows = [...this.rows];
        return {
          next: () => Promise.resolve(rows.splice(0, PAGE_ROWS)),
          close: () => Promise.resolve(),
        };
      },
    };
  }

  async append(log: (typeof LOGS)[number]["name"], partition: number, text: string): Promise<void> {
    await this.journal.log(log).append(partition, Buffer.from(text));
  }
}

/** Opens the journal in a data directory; throws what the journal ends with. */
export async function openInstallation(
  disk: SimulatedDisk,
  options: { readonly directory?: string; readonly segmentBytes?: number } = {},
): Promise<SimulatedInstallation> {
  const files = simulatedFiles(disk);
  const { directory = DATA, segmentBytes = 700 } = options;
  const journal = await openJournal({
    directory: `${directory}/journal`,
    logs: LOGS,
    scheduler: systemScheduler,
    logger: new RecordingLogger(),
    segmentBytes,
    files,
    onFatal: () => undefined,
  });
  return new SimulatedInstallation(journal, files);
}

/** All records of a journal, as "log/partition/offset text". */
export async function recordsOf(journal: Journal): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { name, partitionCount } of LOGS) {
    const log = journal.log(name);
    for (let partition = 0; partition < partitionCount; partition++) {
      for (let next = log.firstOffset(partition); next < log.durableEnd(partition);) {
        for (const { offset, payload } of await log.read(partition, next, {
          recordsMax: 100,
          bytesMax: 1e6,
        })) {
          found.push(`${name}/${partition}/${offset} ${Buffer.from(payload).toString()}`);
          next = offset + 1;
        }
      }
    }
  }
  return found;
}

/** Tables that are a file of a simulated disk: a line of hexadecimal for each row. */
export function tablesOn(files: BackupFiles): (directory: string) => Promise<RowImport> {
  return async (directory) => {
    const file = await createFile(files, `${directory}/rows.txt`);
    return {
      put: (rows) => file.write(Buffer.from(rows.map(lineOf).join(""))),
      close: () => file.end(),
    };
  };
}

export async function tableRows(files: BackupFiles, directory: string): Promise<string> {
  return (await findContent(files, `${directory}/tables/rows.txt`))?.toString() ?? "none";
}

export function lineOf([key, stored]: StoredRow): string {
  return `${key.toString("hex")} ${stored.toString("hex")}\n`;
}
