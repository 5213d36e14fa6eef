import { Failure } from "@parley/base";
import type { Tables, TableSpec, Write } from "@parley/tables";

/** Partition ("epoch"), sort () or ("timeline"): a text. */
export const INSTALLATION: TableSpec = { name: "installation", keyOwner: "installation" };
const TIMELINE = "timeline";

/**
 * The epoch of this installation's queues: the time of its creation, kept until it begins anew from a copy. The queues of a
 * copy may be behind its devices, and a place in what was lost must not be taken for a place in what comes.
 */
export async function readEpoch(
  tables: Tables,
  nowMs: number,
  timeline: string | undefined,
): Promise<number> {
  const partition = ["epoch"];
  const rows = [[], [TIMELINE]].map((sort) => ({ partition, sort }));
  const [epochRow, timelineRow] = await tables.findMany(INSTALLATION, rows);
  const known = epochRow === undefined ? undefined : parseEpoch(new TextDecoder().decode(epochRow));
  const before = timelineRow === undefined ? undefined : new TextDecoder().decode(timelineRow);
  const isAnew = before !== undefined && timeline !== undefined && before !== timeline;
  const epoch = known === undefined ? nowMs : isAnew ? Math.max(nowMs, known + 1) : known;
  if (epoch === known && (timeline ?? before) === before) return epoch;
  const put = (sort: readonly string[], text: string): Write => ({
    kind: "put",
    table: INSTALLATION,
    sort,
    value: new TextEncoder().encode(text),
  });
  const writes = [put([], String(epoch)), ...(timeline === undefined ? [] : [put([TIMELINE], timeline)])];
  await tables.write([{ partition, writes }], { isDurable: true });
  return epoch;
}

/**
 * The epoch of the queues of a tenant: another one after each time that its keys were destroyed. Whoever then has its name has
 * new queues, in which the old places must not be taken for theirs.
 */
export function epochAfter(epoch: number, destroyedMs: readonly number[]): number {
  return destroyedMs.reduce((before, atMs) => Math.max(before + 1, atMs), epoch);
}

function parseEpoch(text: string): number {
  const epoch = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(epoch)) return epoch;
  throw new Failure(
    "tables-corrupt",
    "The epoch of the installation is none. Restore the data directory from a backup.",
  );
}
