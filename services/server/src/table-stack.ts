/**
 * The tables of the services, one feature over the other, over any engine:
 *
 *   WriteBackTables ──► IndexedTables ──► BlockTables ──► the engine, sealed or not
 */
import { type Ambient, failureCode, type Logger, messageOf } from "@parley/base";
import { CONVERSATION_MESSAGE } from "@parley/message";
import {
  BlockTables,
  type IndexedTables,
  openIndexedTables,
  type Tables,
  type TableSpec,
  WriteBackTables,
} from "@parley/tables";

/** All tables that have indexes. */
const INDEXED: readonly TableSpec[] = [CONVERSATION_MESSAGE];

export interface TableStackOptions {
  /** The engine. */
  readonly stored: Tables;
  readonly ambient: Ambient;
  readonly holdMs: number;
  /** Resolves when everything emitted up to the call is durable elsewhere. */
  readonly beforeFlush: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

export interface TableStack {
  /** What machines stage in. */
  readonly tables: WriteBackTables;
  /** Without the memory for staged rows: what is written here is durable. Closed by `close`. */
  readonly direct: IndexedTables;
  /** Begins to build in the background what is declared and not built yet. */
  completeIndexes(): void;
  /** Flushes, and closes the engine. */
  close(): Promise<void>;
}

export async function openTableStack(options: TableStackOptions): Promise<TableStack> {
  const { stored, ambient, holdMs, beforeFlush, onFailure } = options;
  const { clock, scheduler, logger } = ambient;
  const blocks = new BlockTables({ tables: stored, clock, scheduler, logger });
  const direct = await openIndexedTables({ tables: blocks, declared: INDEXED, clock, scheduler });
  const tables = new WriteBackTables({
    tables: direct,
    indexes: direct,
    clock,
    scheduler,
    flushIntervalMs: holdMs,
    beforeFlush,
    onFailure,
  });
  let indexing: Promise<void> | undefined;
  return {
    tables,
    direct,
    completeIndexes() {
      indexing ??= completeIndexes(direct, logger);
    },
    async close() {
      await tables.close();
      await direct.close();
      await indexing;
    },
  };
}

/** Ends when the tables are closed. */
async function completeIndexes(tables: IndexedTables, logger: Logger): Promise<void> {
  try {
    await tables.completeIndexes();
  } catch (error) {
    // Queries are refused until it is built; the next start tries again, and writers meet what is wrong with the disk.
    if (failureCode(error) !== "tables-closed")
      logger.error("index-build-failed", { error: messageOf(error) });
  }
}
