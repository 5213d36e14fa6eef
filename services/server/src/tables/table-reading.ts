/** Reading rows of any table for a tool, as the services see them: staged rows, blocks and seals included. */
import { Failure } from "@parley/base";
import { type Key, type RowKey, type ScannedRow, successor } from "@parley/tables";
import type { TableStack } from "../table-stack.js";
import { type RowView, viewOf } from "./row-view.js";
import { type KnownTable, TABLES, findTable, keyProblem } from "./table-catalog.js";

/** Of one answer: it goes through the control socket as one text. */
const PAGE_ROWS_MAX = 500;
const PAGE_BYTES_MAX = 4 * 1024 * 1024;

export interface ScanRequest {
  readonly table: string;
  /** Only this partition. */
  readonly partition?: Key;
  /** Of that partition, from here on; may be the beginning of a key. */
  readonly from?: Key;
  /** Where the page before ended. */
  readonly after?: RowKey;
  readonly limit: number;
  readonly isRaw: boolean;
}

export interface ScanPage {
  readonly rows: readonly RowView[];
  /** Ask on with it; null at the end. */
  readonly next: RowKey | null;
}

/** The next rows of a walk, at most a page. Errors: "bad-request", "tables-corrupt", "key-missing". */
export async function scanRows(stack: TableStack, request: ScanRequest): Promise<ScanPage> {
  const table = tableOf(request.table);
  checkKeys(table, request);
  const limit = Math.min(request.limit, PAGE_ROWS_MAX);
  if (limit < 1) return { rows: [], next: null };
  const found = await read(stack, table, { ...request, limit });
  const rows: RowView[] = [];
  let bytes = 0;
  for (const row of found) {
    rows.push(viewOf(table, row, request.isRaw));
    bytes += row.value.length;
    if (bytes >= PAGE_BYTES_MAX) break;
  }
  const last = found[rows.length - 1];
  const isEnd = last === undefined || (rows.length === found.length && found.length < limit);
  return { rows, next: isEnd ? null : { partition: last.partition, sort: last.sort } };
}

/** One row; null when there is none. Errors: as `scanRows`. */
export async function getRow(
  { tables }: TableStack,
  request: RowKey & { readonly table: string; readonly isRaw: boolean },
): Promise<RowView | null> {
  const table = tableOf(request.table);
  const { partition, sort, isRaw } = request;
  checkKeys(table, { partition });
  checkKey("The sort key", keyProblem(table.sort, sort, true));
  const value = await tables.find(table.spec, partition, sort);
  return value === undefined ? null : viewOf(table, { partition, sort, value }, isRaw);
}

/** Errors: "bad-request". */
function tableOf(name: string): KnownTable {
  const table = findTable(name);
  if (table !== undefined) return table;
  throw bad(`There is no table ${name}. There are: ${TABLES.map(({ spec }) => spec.name).join(", ")}.`);
}

function checkKeys(
  table: KnownTable,
  { partition, from, after }: Pick<ScanRequest, "partition" | "from" | "after">,
): void {
  if (partition !== undefined) {
    checkKey("The partition key", keyProblem(table.partition, partition, true));
  } else if (from !== undefined) throw bad("A sort key to begin with needs its partition.");
  if (from !== undefined) checkKey("The sort key to begin with", keyProblem(table.sort, from, false));
  if (after === undefined) return;
  checkKey("The partition key", keyProblem(table.partition, after.partition, true));
  checkKey("The sort key", keyProblem(table.sort, after.sort, true));
}

function checkKey(what: string, problem: string | undefined): void {
  if (problem !== undefined) throw bad(`${what} ${problem}.`);
}

function bad(message: string): Failure {
  return new Failure("bad-request", message, { retry: "after-change" });
}

async function read(
  { tables, direct, blocks }: TableStack,
  { spec }: KnownTable,
  { partition, from, after, limit }: ScanRequest,
): Promise<readonly ScannedRow[]> {
  const range = async (of: Key, first: Key | undefined, rowsMax: number): Promise<readonly ScannedRow[]> => {
    const start = first === undefined ? {} : { from: first };
    const rows = await tables.range({ table: spec, partition: of, limit: rowsMax, ...start });
    return rows.map((row) => ({ ...row, partition: of }));
  };
  if (partition !== undefined) {
    return range(partition, after === undefined ? from : successor(after.sort), limit);
  }
  // What is staged is met too; on later pages only what has been written since.
  if (after === undefined) await tables.flush();
  if (spec.isPacked !== true || spec.hasExpiry !== true) {
    return direct.scanTable({ table: spec, limit, ...(after === undefined ? {} : { after }) });
  }
  // Blocks whose rows expire are read partition by partition: a walk would have to tell when each row does.
  const rows: ScannedRow[] = [];
  if (after !== undefined) rows.push(...(await range(after.partition, successor(after.sort), limit)));
  let reached = after?.partition;
  while (rows.length < limit) {
    reached = await blocks.nextPartition(spec, reached);
    if (reached === undefined) break;
    rows.push(...(await range(reached, undefined, limit - rows.length)));
  }
  return rows;
}
