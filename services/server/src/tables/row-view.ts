/** A row as a tool shows it, in values that survive JSON. */
import { messageOf } from "@parley/base";
import type { Key, ScannedRow } from "@parley/tables";
import type { KnownTable } from "./table-catalog.js";

const HIDDEN = "(hidden)";

export interface RowView {
  readonly partition: Key;
  readonly sort: Key;
  /** What it says; in base64 when raw, or when it cannot be read. */
  readonly value: unknown;
  /** Why the value cannot be read. */
  readonly problem?: string;
  readonly expiresAtMs?: number;
}

/** Hashes of passwords and tokens are left out, unless it is raw. */
export function viewOf(table: KnownTable, row: ScannedRow, isRaw: boolean): RowView {
  const { partition, sort, value, expiresAtMs } = row;
  const place = isRaw ? { partition, sort } : shownPlace(table, { partition, sort });
  const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
  if (isRaw) return { ...place, value: base64(value), ...expiry };
  try {
    return { ...place, value: shown(table.decode(value), table.secretFields ?? []), ...expiry };
  } catch (error) {
    // The tool has to show what is there, also when it is not what it should be; a secret in it must not be shown then.
    const isSecret = table.secretFields !== undefined;
    return { ...place, value: isSecret ? HIDDEN : base64(value), problem: messageOf(error), ...expiry };
  }
}

/** The keys of a row as they may be shown. */
export function shownPlace(
  { hasSecretPartition }: Pick<KnownTable, "hasSecretPartition">,
  { partition, sort }: { readonly partition: Key; readonly sort: Key },
): { readonly partition: Key; readonly sort: Key } {
  return { partition: hasSecretPartition === true ? partition.map(() => HIDDEN) : partition, sort };
}

function shown(value: unknown, secretFields: readonly string[]): unknown {
  if (value instanceof Uint8Array) return base64(value);
  if (Array.isArray(value)) return value.map((each) => shown(each, []));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      secretFields.includes(name) && each !== "" ? HIDDEN : shown(each, []),
    ]),
  );
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
