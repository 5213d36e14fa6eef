/**
 * Auto-increment columns for engines without any of their own: the last number given is a row, and appends to one
 * column take turns, so that two never read the same last number.
 */

import { assert, Failure } from "@parley/base";
import { encodePartition, encodeTuple } from "./key-encoding.js";
import type { AppendRows, Batch, Write } from "./tables.js";

const COUNTER_BYTES = 8;

/** How an engine reads and writes, for `appendInTurn`. */
export interface AppendAccess {
  readCounter(request: AppendRows): Promise<Uint8Array | undefined>;
  writeBatch(batch: Batch): Promise<void>;
}

/** Lets tasks of one name run one after another; tasks of different names do not wait for each other. */
export class Turns {
  readonly #lastByName = new Map<string, Promise<unknown>>();

  /** Runs `task` when every earlier task of this name has ended, well or not. */
  async take<T>(name: string, task: () => Promise<T>): Promise<T> {
    const before = this.#lastByName.get(name);
    const own = before === undefined ? task() : before.then(task);
    // What waits behind must not see this task's failure: its caller does.
    const settled = own.catch(() => undefined);
    this.#lastByName.set(name, settled);
    try {
      return await own;
    } finally {
      if (this.#lastByName.get(name) === settled) this.#lastByName.delete(name);
    }
  }
}

/** Carries out an append with an engine's own find and write. Returns the first number given. */
export async function appendInTurn(turns: Turns, request: AppendRows, access: AppendAccess): Promise<number> {
  assert(request.values.length > 0, "an append has at least one value");
  const column = encodePartition(request.table, request.partition) + encodeTuple(request.counterSort);
  return turns.take(column, async () => {
    const stored = await access.readCounter(request);
    const last = stored === undefined ? 0 : decodeCounter(stored);
    await access.writeBatch(appendBatch(request, last));
    return last + 1;
  });
}

function appendBatch(request: AppendRows, last: number): Batch {
  const { table, sortPrefix, counterSort, values } = request;
  const rows = values.map((value, index): Write => ({
    kind: "put",
    table,
    sort: [...sortPrefix, last + 1 + index],
    value,
  }));
  const counter: Write = {
    kind: "put",
    table,
    sort: counterSort,
    value: encodeCounter(last + values.length),
  };
  return { partition: request.partition, writes: [...(request.alongside ?? []), ...rows, counter] };
}

function encodeCounter(last: number): Uint8Array {
  assert(Number.isSafeInteger(last), "a column does not run out of numbers");
  const bytes = new Uint8Array(COUNTER_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(last));
  return bytes;
}

function decodeCounter(bytes: Uint8Array): number {
  if (bytes.length !== COUNTER_BYTES) {
    throw new Failure(
      "tables-corrupt",
      `A counter row has ${bytes.length} bytes instead of ${COUNTER_BYTES}.`,
    );
  }
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
}
