/**
 * A table file of LevelDB, checked byte by byte. The file is blocks one behind another, then a footer:
 *
 *   block  = content · type: 1 byte (0 plain, 1 Snappy) · masked CRC-32C of content and type: 4 bytes
 *   footer = handle of the meta index · handle of the index · zeros up to 40 bytes · magic: 8 bytes
 *   handle = offset of a block: varint · length of its content: varint
 *
 * The index and the meta index name all other blocks. So every byte is under a checksum, a handle or a constant.
 * Source: doc/table_format.md of google/leveldb.
 */
import { maskedCrc32c } from "./crc32c.js";
import { unsnappy } from "./snappy.js";
import { ByteReader } from "./varint.js";

const FOOTER_BYTES = 48;
const HANDLES_BYTES = 40;
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
const TRAILER_BYTES = 5;
const SNAPPY = 1;

interface Handle {
  readonly offset: number;
  readonly length: number;
}

/** Where a table file is damaged: the offset of the first block, or footer, that is not what was written. */
export function findTableDamage(file: Uint8Array): number | undefined {
  const footer = file.length - FOOTER_BYTES;
  if (footer < 0) return 0;
  const reader = new ByteReader(file, footer, footer + HANDLES_BYTES);
  const metaIndex = takeHandle(reader);
  const index = takeHandle(reader);
  const isWhole =
    file.subarray(reader.at, footer + HANDLES_BYTES).every((byte) => byte === 0) &&
    MAGIC.every((byte, at) => file[footer + HANDLES_BYTES + at] === byte);
  if (metaIndex === undefined || index === undefined || !isWhole) return footer;
  const handles = [metaIndex, index];
  for (const handle of [metaIndex, index]) {
    const content = openBlock(file, handle, footer);
    const named = content === undefined ? undefined : handlesOf(content);
    if (named === undefined) return Math.min(handle.offset, footer);
    handles.push(...named);
  }
  // Blocks lie one behind another: a handle that leads elsewhere is damage too.
  let end = 0;
  for (const handle of handles.toSorted((one, other) => one.offset - other.offset)) {
    if (handle.offset !== end || !isIntact(file, handle, footer)) return end;
    end += handle.length + TRAILER_BYTES;
  }
  return end === footer ? undefined : end;
}

function takeHandle(reader: ByteReader): Handle | undefined {
  const offset = reader.varint();
  const length = reader.varint();
  return offset === undefined || length === undefined ? undefined : { offset, length };
}

function isIntact(file: Uint8Array, { offset, length }: Handle, footer: number): boolean {
  const end = offset + length + 1;
  if (end + 4 > footer) return false;
  const stored = new DataView(file.buffer, file.byteOffset).getUint32(end, true);
  return stored === maskedCrc32c(file, offset, end);
}

function openBlock(file: Uint8Array, handle: Handle, footer: number): Uint8Array | undefined {
  if (!isIntact(file, handle, footer)) return undefined;
  const end = handle.offset + handle.length;
  const content = file.subarray(handle.offset, end);
  return file[end] === SNAPPY ? unsnappy(content) : content;
}

/**
 * The handles that the entries of an index block hold.
 *
 *   block = entries · offsets of restarts: 4 bytes each · their count: 4 bytes
 *   entry = shared: varint · rest of the key: varint · length of the value: varint · rest of the key · value
 */
function handlesOf(block: Uint8Array): readonly Handle[] | undefined {
  if (block.length < 4) return undefined;
  const restarts = new DataView(block.buffer, block.byteOffset).getUint32(block.length - 4, true);
  const end = block.length - 4 - restarts * 4;
  if (end < 0) return undefined;
  const handles: Handle[] = [];
  const reader = new ByteReader(block, 0, end);
  while (!reader.isAtEnd) {
    reader.varint();
    const keyBytes = reader.varint();
    const valueBytes = reader.varint();
    if (keyBytes === undefined || valueBytes === undefined) return undefined;
    reader.take(keyBytes);
    const value = reader.take(valueBytes);
    const handle = value === undefined ? undefined : takeHandle(new ByteReader(value));
    if (handle === undefined) return undefined;
    handles.push(handle);
  }
  return handles;
}
