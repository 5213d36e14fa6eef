/**
 * An object of the cold tier: blocks of many partitions, one after another, and at the end what they are.
 *
 *   object    := "PLCOLD01" · block[] · directory · footer
 *   block     := a block (../blocks/block-format.ts), sealed under the key of its rows' owner
 *   directory := JSON: [[table, partition key, last number, offset, length], …], in the order of the blocks
 *   footer    := length of the directory u32 · CRC-32 of the directory u32 · "PLCOLD01"      little-endian
 *
 * The directory says to whom the blocks belong: what nobody points to any more is found by it, and freed.
 */
import { crc32 } from "node:zlib";
import type { Key } from "../tables.js";
import { damaged } from "../blocks/block-format.js";

const MAGIC = Buffer.from("PLCOLD01", "latin1");
export const OBJECT_START = MAGIC.length;
const FOOTER_BYTES = 4 + 4 + MAGIC.length;
/** Read at once from the end: the directory of an object of the usual size. */
export const OBJECT_END_BYTES = 64 * 1024;

/** One block within an object. */
export interface Extent {
  readonly table: string;
  readonly partition: Key;
  readonly last: number;
  readonly offset: number;
  readonly length: number;
}

/** Puts an object together. The blocks lie from `OBJECT_START` on, without gaps. */
export function encodeObject(blocks: readonly Uint8Array[], extents: readonly Extent[]): Uint8Array {
  const rows = extents.map(({ table, partition, last, offset, length }) => [
    table,
    partition,
    last,
    offset,
    length,
  ]);
  const directory = Buffer.from(JSON.stringify(rows), "utf8");
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeUInt32LE(directory.length, 0);
  footer.writeUInt32LE(crc32(directory), 4);
  MAGIC.copy(footer, FOOTER_BYTES - MAGIC.length);
  return Buffer.concat([MAGIC, ...blocks, directory, footer]);
}

/**
 * Reads what is in an object, by reading from its end. Errors: "tables-corrupt", those of `read`.
 * Cost: one read, two when there are many blocks.
 */
export async function readDirectory(
  name: string,
  bytes: number,
  read: (offset: number, length: number) => Promise<Uint8Array>,
): Promise<readonly Extent[]> {
  let end = await readEnd(bytes, OBJECT_END_BYTES, read);
  const footer = end.subarray(Math.max(0, end.length - FOOTER_BYTES));
  if (footer.length < FOOTER_BYTES || !footer.subarray(-MAGIC.length).equals(MAGIC)) throw broken(name);
  const length = footer.readUInt32LE(0);
  const checksum = footer.readUInt32LE(4);
  if (length + FOOTER_BYTES + OBJECT_START > bytes) throw broken(name);
  if (length + FOOTER_BYTES > end.length) end = await readEnd(bytes, length + FOOTER_BYTES, read);
  const directory = end.subarray(end.length - FOOTER_BYTES - length, end.length - FOOTER_BYTES);
  if (directory.length !== length || crc32(directory) !== checksum) throw broken(name);
  const rows = JSON.parse(directory.toString("utf8")) as [string, Key, number, number, number][];
  return rows.map(([table, partition, last, offset, size]) => ({
    table,
    partition,
    last,
    offset,
    length: size,
  }));
}

async function readEnd(
  bytes: number,
  wanted: number,
  read: (offset: number, length: number) => Promise<Uint8Array>,
): Promise<Buffer> {
  const length = Math.min(bytes, wanted);
  const found = await read(bytes - length, length);
  return Buffer.from(found.buffer, found.byteOffset, found.length);
}

function broken(name: string): Error {
  return damaged(`The file ${name} of the cold tier is damaged.`);
}
