/**
 * LevelDB keeps a checksum of every block but verifies it only when compacting, and the binding cannot ask for more. So
 * each row carries its own, over key and value, and a row that has changed on the disk is reported, never served:
 *
 *   crc32(key value)[4] value        little endian
 *
 * A row that damage has made invisible (its key is unreadable, or the index of its file is) cannot be noticed this way.
 */

import { crc32 } from "node:zlib";

import { storedLength, writeStored, type Write } from "@parley/tables";

const CHECKSUM_BYTES = 4;

/** What is stored for a put under `key`, with its checksum in front. Cost: one copy of the value. */
export function sealRow(key: Buffer, put: Write & { readonly kind: "put" }): Buffer {
  const sealed = Buffer.allocUnsafe(CHECKSUM_BYTES + storedLength(put));
  writeStored(put, sealed, CHECKSUM_BYTES);
  sealed.writeUInt32LE(crc32(sealed.subarray(CHECKSUM_BYTES), crc32(key)), 0);
  return sealed;
}

/** The value of a sealed row, or undefined when key and value are not what was sealed. */
export function openRow(key: Buffer, sealed: Buffer): Uint8Array | undefined {
  if (sealed.length < CHECKSUM_BYTES) return undefined;
  const value = sealed.subarray(CHECKSUM_BYTES);
  if (sealed.readUInt32LE(0) !== crc32(value, crc32(key))) return undefined;
  // A plain view, so that callers never meet Buffer's own `slice` and comparison.
  return new Uint8Array(value.buffer, value.byteOffset, value.length);
}
