/**
 * What a backup is: `manifest.json` names its pieces, and is written last. A directory without it is no backup.
 *
 *   {"crc32": 123456789, "manifest": {"format": 1, …}}     the crc is that of the manifest's JSON
 */
import { Failure } from "@parley/base";
import { crc32 } from "node:zlib";

export const MANIFEST_FILE = "manifest.json";
export const BACKUP_FORMAT = 1;
/** Damage of a piece is found by blocks of this size. */
export const BLOCK_BYTES = 1024 * 1024;

/** A file of a backup. */
export interface Piece {
  /** Its path in the backup: "rows/000001.rows". */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** The CRC-32 of each block of it. */
  readonly blocks: readonly number[];
}

/** Which installation something is of. */
export interface Identity {
  /** Made with the installation, kept by what is restored from it. */
  readonly installation: string;
  /** New whenever the installation begins anew from a copy: the same offsets then mean other records. */
  readonly timeline: string;
}

export interface Manifest extends Identity {
  readonly format: number;
  readonly id: string;
  /** The moment that the backup is of. */
  readonly createdMs: number;
  readonly product: string;
  /** Where its journal ends, and the offset after the last record of each partition of each log. */
  readonly journal: {
    readonly segment: number;
    readonly bytes: number;
    readonly commit: number;
    readonly ends: readonly (readonly number[])[];
  };
  readonly rows: number;
  readonly pieces: readonly Piece[];
}

export function encodeManifest(manifest: Manifest): Buffer {
  return Buffer.from(`${JSON.stringify({ crc32: checksum(manifest), manifest })}\n`, "utf8");
}

/** Errors: "backup-damaged", "backup-newer" when a later version made it. */
export function decodeManifest(bytes: Buffer, path: string): Manifest {
  const manifest = parse(bytes);
  if (manifest === undefined) throw damaged(path, 0);
  if (manifest.format > BACKUP_FORMAT) {
    throw new Failure(
      "backup-newer",
      `${path} has format ${manifest.format}; this version of Parley reads up to format ${BACKUP_FORMAT}. Use a newer one.`,
      { retry: "after-change" },
    );
  }
  if (!manifest.pieces.every(({ name }) => isPieceName(name))) throw damaged(path, 0);
  return manifest;
}

function parse(bytes: Buffer): Manifest | undefined {
  try {
    const outer = JSON.parse(bytes.toString("utf8")) as { crc32?: unknown; manifest?: Manifest } | null;
    const manifest = outer?.manifest;
    return manifest !== undefined && outer?.crc32 === checksum(manifest) ? manifest : undefined;
  } catch {
    // Not JSON: damaged.
    return undefined;
  }
}

function checksum(manifest: Manifest): number {
  return crc32(JSON.stringify(manifest));
}

/** Whether a name stays within the directory that it is used in. */
function isPieceName(name: string): boolean {
  return /^[\w-][\w.-]*(\/[\w-][\w.-]*){0,7}$/.test(name) && name !== MANIFEST_FILE;
}

export function damaged(path: string, position: number): Failure {
  return new Failure(
    "backup-damaged",
    `${path} is damaged at byte ${position}: use another backup. Nothing was changed.`,
    {
      details: { path, position },
    },
  );
}
