/**
 * What writers were about to write and what was acknowledged, in files that outlive a kill -9.
 *
 *   issued: number, conversation, sequence, sender or DELETED ─► the write ─► acknowledged: the same
 *
 * Writes to one row take effect in the order in which they are issued. So a row has to be as the last acknowledged write left
 * it, or as one that was issued later and never answered.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { RowKey, TableSpec, Tables } from "@parley/tables";
import { messageOf, partitionOfConversation } from "./rows.js";

const DELETED = -1;
const FIELDS = 4;
const CHECKED_AT_ONCE = 1_000;

/** A write of one row. */
export interface LoggedWrite {
  readonly conversation: number;
  readonly sequence: number;
  /** Undefined when it deletes. */
  readonly sender: number | undefined;
}

/** Number, conversation, sequence, sender. */
type IssuedWrite = readonly [number, number, number, number];

export class WriteLog {
  readonly #issuedFile: number;
  readonly #acknowledgedFile: number;
  #issued: number[] = [];
  #acknowledged: number[] = [];
  #count: number;

  /** Goes on with the log of an earlier process. */
  constructor(directory: string) {
    this.#issuedFile = openLog(join(directory, "issued"));
    this.#acknowledgedFile = openLog(join(directory, "acknowledged"));
    this.#count = readNumbers(join(directory, "issued")).length / FIELDS;
  }

  /** Notes a write. Flush before it is issued. */
  issue({ conversation, sequence, sender }: LoggedWrite): IssuedWrite {
    const record = [this.#count++, conversation, sequence, sender ?? DELETED] as const;
    this.#issued.push(...record);
    return record;
  }

  acknowledge(record: IssuedWrite): void {
    this.#acknowledged.push(...record);
  }

  flush(): void {
    append(this.#issuedFile, this.#issued);
    append(this.#acknowledgedFile, this.#acknowledged);
    this.#issued = [];
    this.#acknowledged = [];
  }

  close(): void {
    this.flush();
    closeSync(this.#issuedFile);
    closeSync(this.#acknowledgedFile);
  }
}

/** Compares the rows of a table with a log: how many writes were acknowledged, and how many rows are not as they have to be. */
export async function compareWithLog(
  directory: string,
  tables: Tables,
  table: TableSpec,
): Promise<{ readonly acknowledged: number; readonly lost: number }> {
  const acknowledged = new Set(recordsOf(join(directory, "acknowledged")).map(([number]) => number));
  const allowed = new Map<string, { readonly key: RowKey; readonly senders: Set<number> }>();
  for (const [number, conversation, sequence, sender] of recordsOf(join(directory, "issued"))) {
    const name = `${conversation}/${sequence}`;
    const known = allowed.get(name);
    if (acknowledged.has(number)) {
      const key = { partition: partitionOfConversation(conversation), sort: [sequence] };
      allowed.set(name, { key, senders: new Set([sender]) });
    } else {
      known?.senders.add(sender);
    }
  }
  const rows = [...allowed.values()];
  let lost = 0;
  for (let at = 0; at < rows.length; at += CHECKED_AT_ONCE) {
    const some = rows.slice(at, at + CHECKED_AT_ONCE);
    const found = await tables.findMany(
      table,
      some.map(({ key }) => key),
    );
    for (const [index, { senders }] of some.entries())
      if (![...senders].some((sender) => isAs(found[index], sender))) lost += 1;
  }
  return { acknowledged: acknowledged.size, lost };
}

function isAs(value: Uint8Array | undefined, sender: number): boolean {
  if (value === undefined || sender === DELETED) return value === undefined && sender === DELETED;
  return Buffer.compare(value, messageOf(sender)) === 0;
}

function openLog(path: string): number {
  const file = openSync(path, "a");
  ftruncateSync(file, wholeBytes(fstatSync(file).size));
  return file;
}

function append(file: number, numbers: readonly number[]): void {
  if (numbers.length > 0) writeSync(file, Buffer.from(Float64Array.from(numbers).buffer));
}

function recordsOf(path: string): readonly IssuedWrite[] {
  const numbers = readNumbers(path);
  return Array.from({ length: numbers.length / FIELDS }, (_, record) => {
    const [number, conversation, sequence, sender] = numbers.subarray(record * FIELDS);
    return [number!, conversation!, sequence!, sender!];
  });
}

function readNumbers(path: string): Float64Array {
  if (!existsSync(path)) return new Float64Array(0);
  const bytes = readFileSync(path);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + wholeBytes(bytes.length)));
}

/** A record that a kill has cut off was never acted upon. */
function wholeBytes(bytes: number): number {
  return bytes - (bytes % (FIELDS * Float64Array.BYTES_PER_ELEMENT));
}
