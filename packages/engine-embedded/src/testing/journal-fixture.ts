/** A journal on a simulated disk, and what its tests ask of it. */
import { type Random, failureCode } from "@parley/base";
import { systemScheduler } from "@parley/base/node";
import { ManualTime, RecordingLogger, seededRandom } from "@parley/base/testing";
import type { Keyring } from "@parley/keys";
import { openTestKeyring } from "@parley/keys/testing";
import type { Log } from "@parley/logs";
import { type Journal, type JournalOptions, openJournal } from "../journal/journal.js";
import { keyFilesOn } from "../key-files.js";
import type { SimulatedDisk } from "../simulation/simulated-disk.js";

export const DIRECTORY = "/journal";
/** The logs of the fixture: two, so that the log of a record matters. */
export const LOGS = [
  { name: "alpha", partitionCount: 2 },
  { name: "beta", partitionCount: 1 },
] as const;
export const EVERYTHING = { recordsMax: 1_000_000, bytesMax: 1_000_000_000 };

/** A journal that is open, and what it said meanwhile. */
export interface OpenedJournal {
  readonly journal: Journal;
  readonly alpha: Log;
  readonly beta: Log;
  readonly logger: RecordingLogger;
  /** What `onFatal` was called with. */
  readonly fatal: unknown[];
}

/** Opens the keys of a disk, in a directory of their own. */
export function keyringOn(disk: SimulatedDisk, random: Random = seededRandom(1)): Promise<Keyring> {
  const files = keyFilesOn("/keys", disk.mount());
  return openTestKeyring({ files, clock: new ManualTime(), random });
}

/** Opens the journal of a disk. */
export async function openOn(
  disk: SimulatedDisk,
  options: Partial<JournalOptions> = {},
): Promise<OpenedJournal> {
  const logger = new RecordingLogger();
  const fatal: unknown[] = [];
  const journal = await openJournal({
    directory: DIRECTORY,
    logs: LOGS,
    scheduler: systemScheduler,
    logger,
    onFatal: (error) => fatal.push(error),
    files: disk.mount(),
    ...options,
  });
  return { journal, alpha: journal.log("alpha"), beta: journal.log("beta"), logger, fatal };
}

/** The path of a segment. */
export function segment(number: number): string {
  return `${DIRECTORY}/${number.toString(16).padStart(16, "0")}.seg`;
}

/** The payloads of a partition as text, from the first that can be read. */
export async function texts(log: Log, partition: number): Promise<readonly string[]> {
  const found: string[] = [];
  let next = log.firstOffset(partition);
  while (next < log.durableEnd(partition)) {
    for (const { offset, payload } of await log.read(partition, next, EVERYTHING)) {
      if (offset !== next) throw new Error(`Offset ${offset} came in the place of ${next}.`);
      found.push(Buffer.from(payload).toString());
      next += 1;
    }
  }
  return found;
}

/** The code that a promise fails with, or "fulfilled"; what has no code is thrown on. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "fulfilled";
  } catch (error) {
    const code = failureCode(error);
    if (code === undefined) throw error;
    return code;
  }
}

/** The bytes of a text. */
export function bytes(text: string): Buffer {
  return Buffer.from(text);
}
