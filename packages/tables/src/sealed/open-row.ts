import { bondedKey, type KeyOwner, type Keyring } from "@parley/keys";
import type { TableSpec } from "../tables.js";

const NOTHING = new Uint8Array(0);

/** A row as the engine has it. */
export interface SealedRow {
  readonly owner: KeyOwner;
  /** The encoded key. */
  readonly place: Uint8Array;
  readonly sealed: Uint8Array;
}

/** The value of a row; undefined when its key is destroyed. Errors: "key-missing", "seal-corrupt". */
export function openSealedRow(
  keyring: Keyring,
  { isKeysOnly }: TableSpec,
  { owner, place, sealed }: SealedRow,
): Uint8Array | undefined {
  // A bond in any other table is damage: it would empty a row that has a value.
  if (isKeysOnly === true && bondedKey(sealed) !== undefined)
    return keyring.isBound(owner, sealed) ? NOTHING : undefined;
  const value = keyring.open(owner, place, sealed);
  if (value === undefined) return undefined;
  // A plain view, so that callers never meet Buffer's own `slice` and comparison.
  return new Uint8Array(value.buffer, value.byteOffset, value.length);
}
