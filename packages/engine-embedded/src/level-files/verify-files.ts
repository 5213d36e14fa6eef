/**
 * Reads the files of a LevelDB and reports damage before LevelDB meets it. LevelDB verifies the blocks of tables only when
 * compacting, and the binding cannot ask for more: a flipped byte in a key or an index hides rows or ends the process by an
 * assertion, and one in the write-ahead log leaves out durable rows without a word.
 *
 *   V1  Of the newest write-ahead log, and of the manifest, only the last record may be torn. Older logs are whole, and the
 *       one that the manifest names is there.
 *   V2  Each table file that the manifest names is there, and every byte of it is as written.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { readLogFile } from "./log-file.js";
import { type LiveFiles, readEdits } from "./manifest.js";
import { findTableDamage } from "./table-file.js";

const TABLE_NAME = /^(\d+)\.(?:ldb|sst)$/;
const LOG_NAME = /^(\d+)\.log$/;

export interface FileDamage {
  readonly file: string;
  /** The first byte of what is not as it was written. */
  readonly offset: number;
}

export interface VerifyOptions {
  /** Of the table files, the newest up to these bytes are read; older ones are left to LevelDB's compactions. */
  readonly tableBytesMax: number;
}

/**
 * The first damage found in the files of a database that nobody has open; undefined when there is none.
 * Cost: reads the logs and the newest table files, one at a time; about a second for 500 MB.
 */
export async function findDamage(
  directory: string,
  { tableBytesMax }: VerifyOptions,
): Promise<FileDamage | undefined> {
  const names = await readdir(directory);
  // Without it LevelDB makes a new database, or says what is missing.
  if (!names.includes("CURRENT")) return undefined;
  const manifest = /^(MANIFEST-\d+)\n$/.exec(await readFile(join(directory, "CURRENT"), "latin1"))?.[1];
  if (manifest === undefined || !names.includes(manifest)) return { file: "CURRENT", offset: 0 };
  const { records, brokenAt, isFollowed } = readLogFile(await readFile(join(directory, manifest)));
  if (brokenAt !== undefined && isFollowed) return { file: manifest, offset: brokenAt };
  const live = readEdits(records);
  // Not the edits of this LevelDB, which says so itself.
  if (live === undefined) return undefined;
  return (
    (await findLogDamage(directory, names, live)) ??
    (await findTablesDamage(directory, { names, live, tableBytesMax }))
  );
}

async function findLogDamage(
  directory: string,
  names: readonly string[],
  { logNumber }: LiveFiles,
): Promise<FileDamage | undefined> {
  const logs = numbered(names, LOG_NAME).filter(({ number }) => number >= logNumber);
  // LevelDB would go on without it.
  if (logNumber > 0 && logs.at(-1)?.number !== logNumber)
    return { file: `${String(logNumber).padStart(6, "0")}.log`, offset: 0 };
  for (const [index, { name }] of logs.entries()) {
    const { brokenAt, isFollowed } = readLogFile(await readFile(join(directory, name)));
    const isNewest = index === 0;
    if (brokenAt !== undefined && (isFollowed || !isNewest)) return { file: name, offset: brokenAt };
  }
  return undefined;
}

async function findTablesDamage(
  directory: string,
  of: { readonly names: readonly string[]; readonly live: LiveFiles; readonly tableBytesMax: number },
): Promise<FileDamage | undefined> {
  const tables = numbered(of.names, TABLE_NAME).filter(({ number }) => of.live.tables.has(number));
  let bytes = 0;
  for (const { name } of tables) {
    const path = join(directory, name);
    bytes += (await stat(path)).size;
    if (bytes > of.tableBytesMax) return undefined;
    const offset = findTableDamage(await readFile(path));
    if (offset !== undefined) return { file: name, offset };
  }
  return undefined;
}

/** Newest first. */
function numbered(
  names: readonly string[],
  pattern: RegExp,
): readonly { readonly name: string; readonly number: number }[] {
  return names
    .flatMap((name) => {
      const digits = pattern.exec(name)?.[1];
      return digits === undefined ? [] : [{ name, number: Number(digits) }];
    })
    .toSorted((one, other) => other.number - one.number);
}
