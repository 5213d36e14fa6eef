/** Small files that others may be rewriting: the format of the data directory and the wrapped keys. */
import { Failure, type Scheduler, sleep } from "@parley/base";
import { join } from "node:path";
import { type BackupFiles, findContent } from "./backup-files.js";

export const FORMAT_FILE = "format.json";
export const KEYS_FOLDER = "keys";
/** Opens all others: it never leaves the machine. */
const MASTER_KEY = /(^|\/)master\.key/;
const TRIES_MAX = 20;
const TRY_MS = 100;

export interface SmallFile {
  /** From the data directory. */
  readonly name: string;
  readonly content: Buffer;
}

/**
 * Reads them again and again until twice the same was read, so that all are of one moment.
 * Errors: "backup-source-changing" when they do not come to rest.
 */
export async function readStable(
  files: BackupFiles,
  directory: string,
  scheduler: Scheduler,
): Promise<readonly SmallFile[]> {
  let before: readonly SmallFile[] | undefined;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const now = await readOnce(files, directory);
    if (before !== undefined && isSame(before, now)) return now;
    before = now;
    if (tries > 0) await sleep(scheduler, TRY_MS);
  }
  throw new Failure(
    "backup-source-changing",
    `The keys in ${directory} change all the time: try again later.`,
    {
      retry: "same",
    },
  );
}

/** The keys among them. */
export function keysAmong(small: readonly SmallFile[]): readonly SmallFile[] {
  return small.filter(({ name }) => name.startsWith(`${KEYS_FOLDER}/`));
}

async function readOnce(files: BackupFiles, directory: string): Promise<readonly SmallFile[]> {
  const keys = await files.filesBelow(join(directory, KEYS_FOLDER));
  const names = [
    FORMAT_FILE,
    ...keys.map((name) => `${KEYS_FOLDER}/${name}`).filter((name) => !MASTER_KEY.test(name)),
  ];
  const found: SmallFile[] = [];
  for (const name of names) {
    const content = await findContent(files, join(directory, name));
    if (content !== undefined) found.push({ name, content });
  }
  return found;
}

function isSame(one: readonly SmallFile[], other: readonly SmallFile[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ name, content }, index) => {
      const twin = other[index]!;
      return twin.name === name && twin.content.equals(content);
    })
  );
}
