/**
 * The directory of a standby. It is no installation until it is promoted: it has no `format.json`.
 *
 *   standby.json   which copy counts, and of which installation and timeline it is
 *   incoming/      a base that is being fetched, as a backup
 *   copy-<id>/     a base that was put in place: tables, journal, keys, cold; what follows is written into its journal
 */
import { Failure } from "@parley/base";
import { type RowImport, segmentPath, segmentsAmong } from "@parley/engine-embedded";
import { basename, join } from "node:path";
import { type BackupFiles, findContent, writeWhole } from "../backup-files.js";
import { openDirectorySink } from "../directory-sink.js";
import type { Identity, Manifest } from "../manifest.js";
import { copyPieces } from "../restore-backup.js";
import { FORMAT_FILE, type SmallFile } from "../stable-files.js";
import { requireSound } from "../verify-backup.js";
import type { Primary } from "./primary.js";

/** Also known to the data directory, which refuses to open such a one. */
export const STANDBY_FILE = "standby.json";
const INCOMING = "incoming";
const ID = /^[0-9a-f]{32}$/;

/** A base that was put in place, and how it is continued. */
export interface StandbyCopy extends Identity {
  readonly id: string;
  /** Where the base ended. */
  readonly segment: number;
  readonly bytes: number;
}

export interface StandbyFolder {
  readonly files: BackupFiles;
  readonly directory: string;
  /** Makes the tables in an empty directory. Default: LevelDB's. */
  readonly createTables?: (directory: string) => Promise<RowImport>;
}

export function copyDirectory(directory: string, { id }: Pick<StandbyCopy, "id">): string {
  return join(directory, `copy-${id}`);
}

/**
 * The copy that counts; undefined when there is none yet.
 * Errors: "standby-foreign" when the directory is something else.
 */
export async function findCopy({ files, directory }: StandbyFolder): Promise<StandbyCopy | undefined> {
  if ((await findContent(files, join(directory, FORMAT_FILE))) !== undefined) throw installed(directory);
  const content = await findContent(files, join(directory, STANDBY_FILE));
  if (content !== undefined) return parseCopy(content, directory);
  const names = await files.openDirectory(directory);
  if (names.every((name) => /^(incoming|copy-|lock|holder\.pid|lost\+found|standby\.json\.new)/.test(name))) {
    return undefined;
  }
  throw foreign(directory);
}

/** Fetches a base and puts it in place, beside the copy that counts. Errors: those of the primary; "backup-damaged". */
export async function fetchCopy(
  folder: StandbyFolder,
  primary: Primary,
  standby: string,
): Promise<StandbyCopy> {
  const { files, directory } = folder;
  const incoming = join(directory, INCOMING);
  await files.removeDirectory(incoming);
  const sink = await openDirectorySink(files, incoming);
  try {
    await primary.base(standby, sink);
  } catch (error) {
    await sink.abandon();
    throw error;
  }
  const { manifest } = await requireSound(files, incoming);
  const copy = copyOf(manifest);
  const to = copyDirectory(directory, copy);
  await files.removeDirectory(to);
  await copyPieces({ ...folder, from: incoming, to }, manifest);
  const format = await findContent(files, join(incoming, FORMAT_FILE));
  // Not under its name: a copy must not be taken for an installation.
  if (format !== undefined) await writeWhole(files, join(to, `standby-${FORMAT_FILE}`), format);
  await files.removeDirectory(incoming);
  return copy;
}

/**
 * Makes a copy the one that counts. What another copy of the same timeline has received since is taken over.
 * `received`: the directory of its journal, closed.
 */
export async function useCopy(folder: StandbyFolder, copy: StandbyCopy, received?: string): Promise<void> {
  const { files, directory } = folder;
  if (received !== undefined) {
    const journal = join(copyDirectory(directory, copy), "journal");
    const { segments } = segmentsAmong(await files.openDirectory(received));
    for (const segment of segments.filter((each) => each >= copy.segment)) {
      const content = await findContent(files, segmentPath(received, segment));
      await writeWhole(files, segmentPath(journal, segment), content!);
    }
  }
  await writeWhole(files, join(directory, STANDBY_FILE), Buffer.from(`${JSON.stringify(copy)}\n`, "utf8"));
  await removeOthers(folder, copy);
}

/** Removes what a stop has left. */
export async function removeOthers(
  { files, directory }: StandbyFolder,
  copy: StandbyCopy | undefined,
): Promise<void> {
  const kept = copy === undefined ? "" : basename(copyDirectory(directory, copy));
  const names = (await files.openDirectory(directory)).map((name) => name.split("/")[0]!);
  for (const name of new Set(names)) {
    if (name === INCOMING || (name.startsWith("copy-") && name !== kept)) {
      await files.removeDirectory(join(directory, name));
    }
  }
}

/** Puts the wrapped keys of the primary in place of those of a copy. */
export async function writeKeys(
  { files, directory }: StandbyFolder,
  copy: StandbyCopy,
  keys: readonly SmallFile[],
): Promise<void> {
  const to = copyDirectory(directory, copy);
  await files.openDirectory(join(to, "keys"));
  for (const { name, content } of keys) {
    await files.openDirectory(join(to, name, ".."));
    await writeWhole(files, join(to, name), content);
  }
  for (const name of await files.filesBelow(join(to, "keys"))) {
    if (!keys.some((key) => key.name === `keys/${name}`)) await files.remove(join(to, "keys", name));
  }
}

/** Bytes in the journal of a copy. */
export async function journalBytes({ files, directory }: StandbyFolder, copy: StandbyCopy): Promise<number> {
  const journal = join(copyDirectory(directory, copy), "journal");
  let bytes = 0;
  for (const segment of segmentsAmong(await files.openDirectory(journal)).segments) {
    const file = await files.openToRead(segmentPath(journal, segment));
    bytes += await file.length();
    await file.close();
  }
  return bytes;
}

function copyOf({ id, installation, timeline, journal }: Manifest): StandbyCopy {
  return { id, installation, timeline, segment: journal.segment, bytes: journal.bytes };
}

function parseCopy(content: Buffer, directory: string): StandbyCopy {
  try {
    const copy = JSON.parse(content.toString("utf8")) as StandbyCopy;
    if (ID.test(copy.id) && ID.test(copy.installation) && ID.test(copy.timeline)) return copy;
  } catch {
    // Not JSON: reported as what it is, below.
  }
  throw foreign(directory);
}

function installed(directory: string): Failure {
  return new Failure(
    "standby-foreign",
    `${directory} is an installation already: start it, or name another one.`,
    {
      retry: "after-change",
    },
  );
}

function foreign(directory: string): Failure {
  return new Failure(
    "standby-foreign",
    `${directory} is neither empty nor the directory of a standby: name another one.`,
    { retry: "after-change" },
  );
}
