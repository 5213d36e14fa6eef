/**
 * Makes an installation of a standby's directory.
 *
 *   check the journal ─► move tables, journal, keys, cold into place ─► identity.json (a new timeline) ─► format.json ─►
 *   standby.json and what is left removed
 *
 * Stopped anywhere, it goes on when it is called again; the directory is an installation with `format.json`, the last file.
 * The new timeline is the fence: devices begin a new epoch, and neither the old primary's archive nor its standbys mix with
 * what comes.
 */
import { Failure, type Random } from "@parley/base";
import { checkSegment, segmentPath, segmentsAmong } from "@parley/engine-embedded";
import { join } from "node:path";
import { findContent, writeWhole } from "../backup-files.js";
import { newId, writeIdentity } from "../identity.js";
import { FORMAT_FILE } from "../stable-files.js";
import { follows } from "../verify-backup.js";
import {
  STANDBY_FILE,
  type StandbyFolder,
  copyDirectory,
  findCopy,
  removeOthers,
} from "./standby-directory.js";

const FOLDERS = ["tables", "journal", "keys", "cold", "media"];

export interface Promoted {
  /** Records that there ever were. */
  readonly records: number;
  readonly timeline: string;
}

/**
 * Effects: durable when it resolves. The standby must not run.
 * Errors: "standby-empty" (it has no copy yet), "standby-foreign", "log-corrupt" with file and position.
 */
export async function promoteStandby(folder: StandbyFolder, random: Random): Promise<Promoted> {
  const { files, directory } = folder;
  const copy = await findCopy(folder);
  if (copy === undefined) {
    throw new Failure("standby-empty", `There is no copy in ${directory} yet: nothing can be promoted.`);
  }
  const from = copyDirectory(directory, copy);
  const moved = (await files.filesBelow(join(from, "journal"))).length === 0;
  const records = await checkJournal(folder, join(moved ? directory : from, "journal"));
  for (const name of FOLDERS) await files.moveDirectory(join(from, name), join(directory, name));
  const timeline = newId(random);
  await writeIdentity(files, directory, { installation: copy.installation, timeline });
  const format = await findContent(files, join(from, `standby-${FORMAT_FILE}`));
  if (format === undefined)
    throw new Failure("standby-empty", `${from} has lost its format: fetch a new base.`);
  await writeWhole(files, join(directory, FORMAT_FILE), format);
  await files.remove(join(directory, STANDBY_FILE));
  await removeOthers(folder, undefined);
  return { records, timeline };
}

/** Every record, and that each segment goes on where the one before it ends. The last one may have a torn end. */
async function checkJournal({ files }: StandbyFolder, journal: string): Promise<number> {
  const { segments } = segmentsAmong(await files.openDirectory(journal));
  let last: Parameters<typeof follows>[0];
  for (const segment of segments) {
    const path = segmentPath(journal, segment);
    const content = (await findContent(files, path))!;
    const isLast = segment === segments.at(-1);
    const next = { segment, checked: checkSegment(content, { path, segment, isLast }) };
    if (!follows(last, next)) {
      throw new Failure("log-corrupt", `${path} does not go on where the one before it ends.`, {
        details: { path, position: 0 },
      });
    }
    last = next;
  }
  return last?.checked.ends.flat().reduce((sum, end) => sum + end, 0) ?? 0;
}
