/**
 * Brings a restored backup forward with what an archive has, up to a moment.
 *
 * The cut is a place between two commits: before the first one with a record whose time is later. Any such place is where a
 * crash could have stopped the installation, so nothing is half there: what was made from a record that is kept is made again
 * by the first start. A message that was acknowledged by the moment was durable by then, in a commit before the cut; what was
 * written after it has a later time, and is behind it.
 */
import { Failure } from "@parley/base";
import {
  type CheckedSegment,
  type Journal,
  checkSegment,
  headerWithoutTrims,
  segmentPath,
  segmentsAmong,
} from "@parley/engine-embedded";
import { join } from "node:path";
import { timelineDirectory } from "./archiver.js";
import { type BackupFiles, createFile, findContent } from "./backup-files.js";
import type { Manifest } from "./manifest.js";
import { follows } from "./verify-backup.js";

const READ = { recordsMax: 1_000, bytesMax: 4 * 1024 * 1024 };

export interface BringForward {
  /** The data directory that is being made. */
  readonly to: string;
  readonly manifest: Manifest;
  readonly archive: string;
  readonly files: BackupFiles;
  /** Nothing that was made after it; without it, everything there is. */
  readonly untilMs?: number;
  /** Opens the journal in a directory, to read its records. */
  readonly openJournal: (directory: string) => Promise<Journal>;
  /** The names of its logs, in their order. */
  readonly logs: readonly { readonly name: string }[];
  /** The time that a record carries; undefined when it cannot be read. */
  readonly timeOf: (log: string, payload: Uint8Array) => number | undefined;
}

/**
 * Resolves with the time of the last record that is kept, or 0 when there is none after the backup.
 * Errors: "archive-missing" (of this timeline), "archive-gap", "log-corrupt" with file and position.
 */
export async function bringForward(options: BringForward): Promise<{ readonly lastMs: number }> {
  const { manifest, untilMs, files, to } = options;
  await addSegments(options);
  const { lastMs, late } = await readTimes(options, untilMs ?? Number.MAX_SAFE_INTEGER);
  if (late !== undefined) await cutJournal(files, join(to, "journal"), manifest.journal.segment, late);
  return { lastMs };
}

/** Errors: "backup-too-new" when the backup is of a later moment than is asked for. */
export function requireEarlier(manifest: Manifest, untilMs: number | undefined): void {
  if (untilMs === undefined || untilMs >= manifest.createdMs) return;
  const time = new Date(manifest.createdMs).toISOString();
  throw new Failure("backup-too-new", `The backup is of ${time}: restore one that was taken before.`, {
    retry: "after-change",
  });
}

/** By log and partition: the first offset that is too late. */
type Late = readonly (readonly number[])[];

/** Puts the archived segments in place; the last one of the backup may be a part of the first. */
async function addSegments({ to, manifest, archive, files }: BringForward): Promise<void> {
  const from = join(timelineDirectory(archive, manifest.timeline), "journal");
  const { segments } = segmentsAmong(await files.filesBelow(from));
  if (segments.length === 0) {
    throw new Failure(
      "archive-missing",
      `${archive} has no segments of this installation's timeline ${manifest.timeline}: name its --archive-dir.`,
      { retry: "after-change" },
    );
  }
  const { segment: base, bytes } = manifest.journal;
  const later = segments.filter((segment) => segment >= base);
  let last: { readonly segment: number; readonly checked: CheckedSegment } | undefined;
  for (const [index, segment] of later.entries()) {
    if (segment !== base + index) throw gap(segmentPath(from, base + index));
    const path = segmentPath(from, segment);
    const content = (await findContent(files, path))!;
    const checked = checkSegment(content, { path, segment, isLast: false });
    const target = segmentPath(join(to, "journal"), segment);
    const header = headerWithoutTrims(content)!;
    if (segment === base) {
      const known = (await findContent(files, target))!;
      if (!content.subarray(header.length, bytes).equals(known.subarray(header.length))) throw other(path);
      await files.remove(target);
    } else if (!follows(last, { segment, checked })) throw other(path);
    last = { segment, checked };
    const file = await createFile(files, target);
    await file.write(header);
    await file.write(content.subarray(header.length));
    await file.end();
  }
}

async function readTimes(
  { to, manifest, openJournal, logs, timeOf }: BringForward,
  untilMs: number,
): Promise<{ readonly lastMs: number; readonly late: Late | undefined }> {
  const journal = await openJournal(join(to, "journal"));
  let lastMs = 0;
  let isLate = false;
  try {
    const { ends } = journal.files.durableEnd();
    const late = manifest.journal.ends.map((partitions) => partitions.map(() => Number.MAX_SAFE_INTEGER));
    for (const [index, partitions] of manifest.journal.ends.entries()) {
      const { name } = logs[index]!;
      const log = journal.log(name);
      for (const [partition, from] of partitions.entries()) {
        let next = from;
        while (next < ends[index]![partition]! && late[index]![partition] === Number.MAX_SAFE_INTEGER) {
          for (const { offset, payload } of await log.read(partition, next, READ)) {
            const timeMs = timeOf(name, payload) ?? 0;
            next = offset + 1;
            if (timeMs <= untilMs) lastMs = Math.max(lastMs, timeMs);
            else {
              late[index]![partition] = offset;
              isLate = true;
              break;
            }
          }
        }
      }
    }
    return { lastMs, late: isLate ? late : undefined };
  } finally {
    await journal.close();
  }
}

/** Cuts the journal before the first commit with a record that is too late. */
async function cutJournal(files: BackupFiles, directory: string, first: number, late: Late): Promise<void> {
  const { segments } = segmentsAmong(await files.openDirectory(directory));
  let cut: { readonly segment: number; readonly bytes: number } | undefined;
  for (const segment of segments.filter((each) => each >= first)) {
    const path = segmentPath(directory, segment);
    if (cut !== undefined) {
      await files.remove(path);
      continue;
    }
    const content = (await findContent(files, path))!;
    let end = headerWithoutTrims(content)!.length;
    let isCut = false;
    checkSegment(content, { path, segment, isLast: false }, (commit) => {
      isCut ||= commit.records.some((record) => record.offset >= late[record.logIndex]![record.partition]!);
      if (!isCut) end = commit.end;
    });
    if (!isCut) continue;
    cut = { segment, bytes: end };
    const file = await files.openSegment(path, false);
    try {
      await file.truncate(end);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

function gap(path: string): Failure {
  return new Failure("archive-gap", `${path} is missing: restore a later backup, or find it.`, {
    retry: "after-change",
  });
}

function other(path: string): Failure {
  return new Failure(
    "archive-gap",
    `${path} does not go on where the one before it ends: it is of another journal.`,
    {
      retry: "after-change",
    },
  );
}
