/** Segments of a journal that nobody has open: read, checked, and made fit for another place. */
import { crc32 } from "node:zlib";
import { corrupt, readHeader, scanCommits } from "./recovery.js";
import { HEADER_PREFIX_BYTES, MAGIC, SEALS_LOG, type SegmentHeader, decodeHeader } from "./record-format.js";

export { segmentPath, segmentsAmong } from "./recovery.js";

/** What a segment holds. */
export interface CheckedSegment {
  readonly header: SegmentHeader;
  /** The last whole commit and where it ends. */
  readonly commit: number;
  readonly end: number;
  readonly records: number;
  /** By log and partition: the offset after the last record. */
  readonly ends: readonly (readonly number[])[];
}

/** A commit of a segment and its records. */
export interface SegmentCommit {
  readonly commit: number;
  readonly end: number;
  readonly records: readonly {
    readonly logIndex: number;
    readonly partition: number;
    readonly offset: number;
  }[];
}

/**
 * Checks every record of a segment. `isLast`: it may end with a part of a commit, which is not counted.
 * Errors: "log-corrupt" with file and position, "log-layout-mismatch" when another version wrote it.
 */
export function checkSegment(
  bytes: Buffer,
  place: { readonly path: string; readonly segment: number; readonly isLast: boolean },
  take: (commit: SegmentCommit) => void = () => undefined,
): CheckedSegment {
  const { header, length } = readHeader(bytes, place);
  const ends = header.logs.map(({ partitions }) => partitions.map(({ next }) => next));
  let records = 0;
  let number = header.commit;
  const scanned = scanCommits(bytes, place, { commit: header.commit, length }, (all) => {
    const found = all.filter(({ logIndex }) => logIndex !== SEALS_LOG);
    number += 1;
    records += found.length;
    for (const { logIndex, partition, offset } of found) {
      const log = ends[logIndex];
      if (log?.[partition] !== offset) throw corrupt(place.path, all[0]!.start);
      log[partition] = offset + 1;
    }
    take({
      commit: number,
      end: all.at(-1)!.end,
      records: found.map(({ logIndex, partition, offset }) => ({ logIndex, partition, offset })),
    });
  });
  return { header, commit: scanned.commit, end: scanned.end, records, ends };
}

/** The header that a segment begins with, and its length; undefined when it is incomplete or damaged. */
export function parseHeader(
  bytes: Buffer,
): { readonly header: SegmentHeader; readonly length: number } | undefined {
  return decodeHeader(bytes);
}

/**
 * The header of a segment, saying of no partition that it was trimmed: copied tables may be older than the trims that a
 * segment tells of, and need what these allowed to be removed. As long as before, so nothing behind it moves.
 * Returns undefined when the header is incomplete or damaged.
 */
export function headerWithoutTrims(bytes: Buffer): Buffer | undefined {
  const found = decodeHeader(bytes);
  if (found === undefined) return undefined;
  const logs = found.header.logs.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((partition) => ({ ...partition, first: 0 })),
  }));
  const text = JSON.stringify({ ...found.header, logs });
  const body = Buffer.from(text.padEnd(found.length - HEADER_PREFIX_BYTES, " "), "utf8");
  const prefix = Buffer.alloc(HEADER_PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(body.length, MAGIC.length);
  prefix.writeUInt32LE(crc32(body), MAGIC.length + 4);
  return Buffer.concat([prefix, body]);
}
