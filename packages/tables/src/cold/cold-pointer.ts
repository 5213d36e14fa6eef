/**
 * What stands in the table of blocks for a block of the cold tier:
 *
 *   pointer := format u8 = 2 · flags u8 = 0 · count · first · span · bytes · newest · object[16] · offset · length · checksum
 *
 * Integers are LEB128 varints, but for `checksum`, the CRC-32 of what lies at `offset`: u32, little-endian. `count` to `bytes` are
 * as in a block, `newest` is the time of its newest row in milliseconds. Its key is that of the block: the last number.
 *
 * Example, rows 7 and 9 of 3 bytes, time 5, in object 00…0f at 8, 20 bytes long:
 * 02 00 | 02 07 02 07 | 05 | 00 01 … 0f | 08 14 | ef cd ab 89
 */
import { Block, type BlockHead, type ColdPlace } from "../blocks/block.js";
import { damaged } from "../blocks/block-format.js";
import { VarintReader, varintLength, writeVarint } from "../blocks/varint.js";

export const POINTER_FORMAT = 2;
const FIXED_BYTES = 2;
export const OBJECT_NAME_BYTES = 16;
const CHECKSUM_BYTES = 4;

export function encodePointer(head: Omit<BlockHead, "checksum">, place: ColdPlace): Uint8Array {
  const before = [head.count, head.first, head.last - head.first, head.bytes, place.newestMs];
  const after = [place.offset, place.length];
  const numbers = [...before, ...after].reduce((sum, value) => sum + varintLength(value), 0);
  const pointer = Buffer.alloc(FIXED_BYTES + numbers + OBJECT_NAME_BYTES + CHECKSUM_BYTES);
  pointer[0] = POINTER_FORMAT;
  let at = FIXED_BYTES;
  for (const value of before) at = writeVarint(pointer, at, value);
  at += pointer.write(place.object, at, "hex");
  for (const value of after) at = writeVarint(pointer, at, value);
  pointer.writeUInt32LE(place.checksum, at);
  return new Uint8Array(pointer.buffer, pointer.byteOffset, pointer.length);
}

/** A block whose rows have to be loaded. `checksum` is that of the bytes. Errors: "tables-corrupt". */
export function decodePointer(bytes: Uint8Array, checksum: number): Block {
  const reader = new VarintReader(bytes, FIXED_BYTES);
  const [count, first, span] = [reader.next(), reader.next(), reader.next()];
  const [unpacked, newestMs] = [reader.next(), reader.next()];
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const object = view.toString("hex", reader.position, reader.position + OBJECT_NAME_BYTES);
  reader.position += OBJECT_NAME_BYTES;
  const [offset, length] = [reader.next(), reader.next()];
  const isWhole = !reader.isBroken && reader.position + CHECKSUM_BYTES === bytes.length;
  if (!isWhole || count === 0 || bytes[1] !== 0 || !Number.isSafeInteger(first + span))
    throw damaged("A pointer into the cold tier is damaged.");
  const place = { object, offset, length, checksum: view.readUInt32LE(reader.position), newestMs };
  return new Block({ first, last: first + span, count, bytes: unpacked, checksum }, place);
}
