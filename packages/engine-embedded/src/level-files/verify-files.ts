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
export async function findDamage(directory: string, options: VerifyOptions): Promise<FileDamage | undefined> {
  for await (const { damage } of verifyFiles(directory, options)) if (damage !== undefined) return damage;
  return undefined;
}

/** A file that was read to its end, or to its first damage. */
export interface VerifiedFile {
  readonly bytes: number;
  readonly damage?: FileDamage;
}

/**
 * Reads the files of a database that nobody has open, one after the other, and tells of each. It ends early when damage
 * leaves unknown which other files there should be. Cost: memory for one file.
 */
export async function* verifyFiles(
  directory: string,
  { tableBytesMax }: VerifyOptions,
): AsyncGenerator<VerifiedFile, undefined> {
  const names = await readdir(directory);
  // Without it LevelDB makes a new database, or says what is missing.
  if (!names.includes("CURRENT")) return;
  const manifest = /^(MANIFEST-\d+)\n$/.exec(await readFile(join(directory, "CURRENT"), "latin1"))?.[1];
  if (manifest === undefined || !names.includes(manifest)) {
    yield { bytes: 0, damage: { file: "CURRENT", offset: 0 } };
    return;
  }
  const content = await readFile(join(directory, manifest));
  const { records, brokenAt, isFollowed } = readLogFile(content);
  if (brokenAt !== undefined && isFollowed) {
    yield { bytes: content.length, damage: { file: manifest, offset: brokenAt } };
    return;
  }
  yield { bytes: content.length };
  const live = readEdits(records);
  // Not the edits of this LevelDB, which says so itself.
  if (live === undefined) return;
  yield* verifyLogs(directory, names, live);
  yield* verifyTables(directory, { names, live, tableBytesMax });
}

async function* verifyLogs(
  directory: string,
  names: readonly string[],
  { logNumber }: LiveFiles,
): AsyncGenerator<VerifiedFile, undefined> {
  const logs = numbered(names, LOG_NAME).filter(({ number }) => number >= logNumber);
  // LevelDB would go on without it.
  if (logNumber > 0 && logs.at(-1)?.number !== logNumber)
    yield { bytes: 0, damage: { file: `${fileNumber(logNumber)}.log`, offset: 0 } };
  for (const [index, { name }] of logs.entries()) {
    const content = await readFile(join(directory, name));
    const { brokenAt, isFollowed } = readLogFile(content);
    const isNewest = index === 0;
    const isDamaged = brokenAt !== undefined && (isFollowed || !isNewest);
    yield { bytes: content.length, ...(isDamaged ? { damage: { file: name, offset: brokenAt } } : {}) };
  }
}

async function* verifyTables(
  directory: string,
  of: { readonly names: readonly string[]; readonly live: LiveFiles; readonly tableBytesMax: number },
): AsyncGenerator<VerifiedFile, undefined> {
  const tables = numbered(of.names, TABLE_NAME).filter(({ number }) => of.live.tables.has(number));
  const present = new Set(tables.map(({ number }) => number));
  for (const number of of.live.tables) {
    if (!present.has(number)) yield { bytes: 0, damage: { file: `${fileNumber(number)}.ldb`, offset: 0 } };
  }
  let bytes = 0;
  for (const { name } of tables) {
    const path = join(directory, name);
    bytes += (await stat(path)).size;
    if (bytes > of.tableBytesMax) return;
    const content = await readFile(path);
    const offset = findTableDamage(content);
    yield { bytes: content.length, ...(offset === undefined ? {} : { damage: { file: name, offset } }) };
  }
}

function fileNumber(number: number): string {
  return String(number).padStart(6, "0");
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
