/**
 * How a row's value is stored. A table without expiry stores the value as it is and pays nothing. A table with expiry
 * puts an envelope around it:
 *
 *   0x00 value                   the row does not expire
 *   0x01 time[6] value           milliseconds since the Unix epoch, big endian
 */

import { assert } from "@parley/base";
import type { TableSpec, Write } from "./tables.js";

const LASTING = 0;
const EXPIRING = 1;
const TIME_BYTES = 6;
const TIME_MS_MAX = 2 ** (8 * TIME_BYTES) - 1;
const HIGH_UNIT = 2 ** 32;

type Put = Write & { readonly kind: "put" };

/** What an engine stores for a put. Errors: asserts that the table allows the expiry. */
export function storedValue(put: Put): Uint8Array {
  if (put.table.hasExpiry !== true) {
    assertExpiryAllowed(put);
    return put.value;
  }
  const stored = new Uint8Array(storedLength(put));
  writeStored(put, stored, 0);
  return stored;
}

/** How many bytes `writeStored` writes. */
export function storedLength({ table, value, expiresAtMs }: Put): number {
  if (table.hasExpiry !== true) return value.length;
  return (expiresAtMs === undefined ? 1 : 1 + TIME_BYTES) + value.length;
}

/** Writes what an engine stores for a put, for engines that put something around it themselves. Errors: as above. */
export function writeStored(put: Put, target: Uint8Array, offset: number): void {
  assertExpiryAllowed(put);
  const { table, value, expiresAtMs } = put;
  let position = offset;
  if (table.hasExpiry === true) {
    target[position++] = expiresAtMs === undefined ? LASTING : EXPIRING;
    if (expiresAtMs !== undefined) {
      const high = Math.floor(expiresAtMs / HIGH_UNIT);
      const low = expiresAtMs % HIGH_UNIT;
      target[position++] = high >>> 8;
      target[position++] = high;
      target[position++] = low >>> 24;
      target[position++] = low >>> 16;
      target[position++] = low >>> 8;
      target[position++] = low;
    }
  }
  target.set(value, position);
}

/** The value of a stored row: "expired" when its time has come, "malformed" when `storedValue` never made it. */
export function liveValue(
  table: TableSpec,
  stored: Uint8Array,
  nowMs: number,
): Uint8Array | "expired" | "malformed" {
  if (table.hasExpiry !== true) return stored;
  if (stored[0] === LASTING) return stored.subarray(1);
  if (stored[0] !== EXPIRING || stored.length < 1 + TIME_BYTES) return "malformed";
  return isExpired(storedTime(stored), nowMs) ? "expired" : stored.subarray(1 + TIME_BYTES);
}

/** When a stored row that is not malformed expires, as an object to spread. */
export function storedExpiry(table: TableSpec, stored: Uint8Array): { readonly expiresAtMs?: number } {
  return table.hasExpiry === true && stored[0] === EXPIRING ? { expiresAtMs: storedTime(stored) } : {};
}

/** Whether a row with this expiry is gone at `nowMs`. */
export function isExpired(expiresAtMs: number | undefined, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs;
}

/** Asserts that a put carries an expiry only where its table declares one. */
export function assertExpiryAllowed(put: Put): void {
  if (put.expiresAtMs === undefined) return;
  assert(put.table.hasExpiry === true, "only rows of a table with expiry expire");
  assert(
    Number.isSafeInteger(put.expiresAtMs) && put.expiresAtMs >= 0 && put.expiresAtMs <= TIME_MS_MAX,
    "an expiry is a time in whole milliseconds",
  );
}

function storedTime(stored: Uint8Array): number {
  const view = new DataView(stored.buffer, stored.byteOffset);
  return view.getUint16(1) * HIGH_UNIT + view.getUint32(3);
}
