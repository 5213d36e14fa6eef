/** What one index row costs the writer of a row: the same rows with and without an index, in turns. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TableSpec } from "@parley/tables";
import { INDEXED_MESSAGE, messagePut, partitionOfConversation } from "./rows.js";
import { openIndexes, openStored } from "./stack.js";

const PLAIN: TableSpec = { name: "plain-message", keyOwner: "conversation" };
const CONVERSATIONS = 20_000;
const ROUNDS = 40;
const WARM_UP_ROUNDS = 6;
const BATCHES = 100;
const ROWS_PER_BATCH = 20;
const MICROSECONDS_PER_MS = 1000;

/** A round is one durable write of 100 batches of 20 rows, as a flush is. */
export async function measureRowCost(): Promise<Readonly<Record<string, number>>> {
  const directory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  try {
    const tables = await openIndexes(await openStored(directory), [INDEXED_MESSAGE]);
    const spent = { plain: { cpu: 0, wall: 0 }, indexed: { cpu: 0, wall: 0 } };
    let sequence = 0;
    for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round++) {
      for (const kind of round % 2 === 0
        ? (["plain", "indexed"] as const)
        : (["indexed", "plain"] as const)) {
        const table = kind === "plain" ? PLAIN : INDEXED_MESSAGE;
        const batches = Array.from({ length: BATCHES }, (_, index) => ({
          partition: partitionOfConversation((round * BATCHES + index) % CONVERSATIONS),
          writes: Array.from({ length: ROWS_PER_BATCH }, () =>
            messagePut(table, (sequence += 1), sequence, true),
          ),
        }));
        const beganMs = performance.now();
        const cpuBefore = process.cpuUsage();
        await tables.write(batches, { isDurable: true });
        const { user, system } = process.cpuUsage(cpuBefore);
        if (round < WARM_UP_ROUNDS) continue;
        spent[kind].cpu += user + system;
        spent[kind].wall += (performance.now() - beganMs) * MICROSECONDS_PER_MS;
      }
    }
    await tables.close();
    const rows = ROUNDS * BATCHES * ROWS_PER_BATCH;
    return {
      plain_row_cpu_us: spent.plain.cpu / rows,
      indexed_row_cpu_us: spent.indexed.cpu / rows,
      index_row_cpu_us: (spent.indexed.cpu - spent.plain.cpu) / rows,
      plain_row_us: spent.plain.wall / rows,
      indexed_row_us: spent.indexed.wall / rows,
      index_row_us: (spent.indexed.wall - spent.plain.wall) / rows,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
