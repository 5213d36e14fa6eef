/**
 * What the database knows about an index: a row of its own, which is written before what it says is acted upon.
 *
 *   table index-state, partition (table name), sort (index name), value JSON:
 *   {"format":1,"version":2,"generation":3,"phase":"write-only","rowsDone":512,"removing":[2],
 *    "stored":{"keyOwner":"conversation"},"cursor":{"partition":["main","c1"],"sort":[77]}}
 *
 *   absent ──► delete-only ──► write-only ──► verifying ──► readable
 *     ▲            │               │ backfill      │            │
 *     └────────────┴───── drop ────┴───────────────┴────────────┘   the entries of the generation are then removed
 *
 * A generation is the entries of one build. They lie in a table of their own, so that what is left of an old one can never
 * be taken for a new one.
 */
import { Failure } from "@parley/base";
import type { Batch, Key, RowKey, Tables, TableSpec } from "../tables.js";

export const INDEX_STATE: TableSpec = { name: "index-state", keyOwner: "installation" };
const FORMAT = 1;
const KEY_OWNERS = ["installation", "tenant", "conversation", "conversation-in-sort"] as const;
const PHASES = ["absent", "delete-only", "write-only", "verifying", "readable"] as const;

export type IndexPhase = (typeof PHASES)[number];

export interface IndexState {
  /** Of the definition that the entries follow. */
  readonly version: number;
  /** 0 before the first one. */
  readonly generation: number;
  readonly phase: IndexPhase;
  /** In write-only: the entries of all rows up to this one are written. */
  readonly cursor?: RowKey;
  /** Rows that the build has gone through. */
  readonly rowsDone: number;
  /** Generations of which there may still be entries. */
  readonly removing: readonly number[];
  /** How the entries' tables are stored, for whoever has to remove them when nobody declares the table any more. */
  readonly stored: StoredAs;
}

export type StoredAs = Pick<TableSpec, "hasExpiry" | "keyOwner">;

/** The state of an index of which the database knows nothing. */
export function unknownState(version: number, { hasExpiry, keyOwner }: StoredAs): IndexState {
  const stored = {
    ...(hasExpiry === undefined ? {} : { hasExpiry }),
    ...(keyOwner === undefined ? {} : { keyOwner }),
  };
  return { version, generation: 0, phase: "absent", rowsDone: 0, removing: [], stored };
}

/** The state of an index whose entries are no longer kept up: they are to be removed. */
export function droppedState(state: IndexState): IndexState {
  const { version, generation, phase, removing, stored } = state;
  if (phase === "absent") return state;
  return { version, generation, phase: "absent", rowsDone: 0, removing: [...removing, generation], stored };
}

/** Reads the states of all indexes of a table by the name of the index. Errors: "tables-corrupt". */
export async function readIndexStates(
  tables: Tables,
  tableName: string,
): Promise<ReadonlyMap<string, IndexState>> {
  const rows = await tables.range({ table: INDEX_STATE, partition: [tableName], limit: 1_000 });
  return new Map(rows.map(({ sort, value }) => [String(sort[0]), decodeIndexState(value)]));
}

/** Makes a state durable. */
export async function writeIndexState(
  tables: Tables,
  index: { readonly tableName: string; readonly indexName: string },
  state: IndexState,
): Promise<void> {
  await tables.write([stateBatch(index, state)], { isDurable: true });
}

/** The batch that stores a state. */
export function stateBatch(
  { tableName, indexName }: { readonly tableName: string; readonly indexName: string },
  state: IndexState,
): Batch {
  const value = new TextEncoder().encode(JSON.stringify({ format: FORMAT, ...state }));
  return { partition: [tableName], writes: [{ kind: "put", table: INDEX_STATE, sort: [indexName], value }] };
}

function decodeIndexState(value: Uint8Array): IndexState {
  const { format, version, generation, phase, cursor, rowsDone, removing, stored } = parse(value);
  const knownPhase = PHASES.find((known) => known === phase);
  if (
    format !== FORMAT ||
    !isCount(version) ||
    !isCount(generation) ||
    !isCount(rowsDone) ||
    knownPhase === undefined ||
    !Array.isArray(removing) ||
    !removing.every(isCount) ||
    !isStoredAs(stored) ||
    !(cursor === undefined || isRowKey(cursor))
  ) {
    throw corruptState();
  }
  const state = { version, generation, phase: knownPhase, rowsDone, removing, stored };
  return cursor === undefined ? state : { ...state, cursor };
}

function parse(value: Uint8Array): Partial<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(value));
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch {
    // Not JSON, so not written by us.
  }
  throw corruptState();
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isStoredAs(value: unknown): value is StoredAs {
  if (typeof value !== "object" || value === null) return false;
  const { hasExpiry, keyOwner } = value as Partial<Record<keyof StoredAs, unknown>>;
  const isOwnerKnown = keyOwner === undefined || KEY_OWNERS.some((known) => known === keyOwner);
  return isOwnerKnown && (hasExpiry === undefined || typeof hasExpiry === "boolean");
}

function isRowKey(value: unknown): value is RowKey {
  if (typeof value !== "object" || value === null) return false;
  const { partition, sort } = value as Partial<Record<keyof RowKey, unknown>>;
  return isKey(partition) && isKey(sort);
}

function isKey(value: unknown): value is Key {
  return Array.isArray(value) && value.every((part) => typeof part === "string" || isCount(part));
}

function corruptState(): Failure {
  return new Failure(
    "tables-corrupt",
    "The state of an index is none. Restore the data directory from a backup.",
  );
}
