import { join } from "node:path";
import { crc32 } from "node:zlib";
import { type BackupFiles, type ReadableFile, isMissing } from "./backup-files.js";
import { BLOCK_BYTES, type Piece, damaged } from "./manifest.js";
import { PieceDigest } from "./piece-digest.js";

/**
 * Gives a piece block by block to `take`, and then checks it against the manifest. So `take` may find out more precisely
 * what is wrong, and must not trust what it is given before this resolves.
 * Errors: "backup-damaged" with file and offset; those of `take` and of the file system.
 */
export async function readPiece(
  files: BackupFiles,
  directory: string,
  piece: Piece,
  take: (block: Buffer) => Promise<void> | void,
): Promise<void> {
  const path = join(directory, piece.name);
  let file: ReadableFile;
  try {
    file = await files.openToRead(path);
  } catch (error) {
    if (isMissing(error)) throw damaged(path, 0);
    throw error;
  }
  try {
    const digest = new PieceDigest(piece.name);
    let bad: number | undefined;
    let at = 0;
    for (let block = await file.read(0, BLOCK_BYTES); block.length > 0;) {
      if (crc32(block) !== piece.blocks[at / BLOCK_BYTES]) bad ??= at;
      digest.update(block);
      await take(block);
      at += block.length;
      block = block.length < BLOCK_BYTES ? block.subarray(0, 0) : await file.read(at, BLOCK_BYTES);
    }
    if (bad !== undefined) throw damaged(path, bad);
    if (at !== piece.bytes) throw damaged(path, Math.min(at, piece.bytes));
    if (digest.piece().sha256 !== piece.sha256) throw damaged(path, 0);
  } finally {
    await file.close();
  }
}

/** A piece as a whole, checked. Cost: holds it in memory. */
export async function readWholePiece(
  files: BackupFiles,
  directory: string,
  piece: Piece,
  look: (content: Buffer) => void = () => undefined,
): Promise<Buffer> {
  const blocks: Buffer[] = [];
  let damage: unknown;
  try {
    await readPiece(files, directory, piece, (block) => void blocks.push(block));
  } catch (error) {
    damage = error;
  }
  const content = Buffer.concat(blocks);
  // What the content itself says is more precise.
  look(content);
  if (damage !== undefined) throw damage as Error;
  return content;
}
