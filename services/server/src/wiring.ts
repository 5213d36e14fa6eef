/** The services of one node, wired to an engine: tables and a journal, real or simulated. */
import { ACCOUNT, AccountStore, SESSION, TOKEN } from "@parley/api";
import { type Ambient, createUlidSource } from "@parley/base";
import type { Journal, JournalOptions } from "@parley/engine-embedded";
import type { Log } from "@parley/logs";
import { ConversationStore, Emitter, Importing, Keeping, MessageService, Processor } from "@parley/message";
import type { TenantId } from "@parley/protocol";
import { FeedRegistry, SyncService, UserProcessor, UserStore } from "@parley/sync";
import type { ColdOptions, IndexStatus, Tables, TableStatistics, WriteBackTables } from "@parley/tables";
import { type Tracked, checkpoint, readCheckpoint, startCheckpoints } from "./checkpoint.js";
import { epochAfter, readEpoch } from "./epoch.js";
import { LoggedTables } from "./logged-tables.js";
import { openTableStack, type TableStack } from "./table-stack.js";

/** Partitions of each log, fixed when an installation is made. */
const PARTITION_COUNT = 8;
/** Heads and list entries are written once for many changes then, and more messages of a conversation leave together, as blocks. */
const HOLD_MS = 30_000;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface WiringOptions {
  readonly ambient: Ambient;
  readonly retentionDays?: number;
  /** How long rows are held, unless the memory for them is used up. Default 30,000. */
  readonly holdMs?: number;
  readonly rebaseEvents?: number;
  /** For how long senders may edit and recall their messages; 0: for ever. Defaults as in MessageServiceOptions. */
  readonly editMinutes?: number;
  readonly recallMinutes?: number;
  /** Names the course of events that the engine is of. Another one than before begins a new epoch of all queues. */
  readonly timeline?: string;
  /** When the keys of a tenant were destroyed, if they were: each time its queues begin a new epoch. */
  readonly destroyedMs?: (tenantId: TenantId) => readonly number[];
  /** Where old messages go. Without it they stay. */
  readonly cold?: ColdOptions;
  /** The process must stop now; acknowledged data is safe on disk and is recovered at the next start. */
  readonly onFatal: (error: unknown) => void;
}

export interface Engine {
  readonly tables: Tables;
  /** Opened with `journalLogs`. */
  readonly journal: Journal;
}

export interface Services {
  readonly accounts: AccountStore;
  readonly message: MessageService;
  readonly importing: Importing;
  readonly keeping: Keeping;
  readonly sync: SyncService;
  /** Names the queues of this installation in positions. */
  readonly epoch: number;
  /** Applies what is appended, makes it durable as rows, and lets the logs forget it. */
  checkpoint(): Promise<void>;
  /** The tables of all services, for tools. */
  readonly tableStack: TableStack;
  /** How far the indexes are that are built in the background. */
  indexes(): readonly IndexStatus[];
  /** What was read from tables and written to them since the start, with so many of the hottest partitions. */
  tableStatistics(hotMax: number): TableStatistics;
  stats(): { readonly fsyncs: number; readonly journalBytes: number; readonly appendedRecords: number };
  /** Applies what is appended, flushes, and closes the engine. Idempotent. */
  close(): Promise<void>;
}

/** The logs that the services need of a journal. */
export function journalLogs(partitionCount: number = PARTITION_COUNT): JournalOptions["logs"] {
  return [
    { name: "conversation", partitionCount },
    { name: "user", partitionCount },
    { name: "account", partitionCount: 1 },
  ];
}

/**
 * Wires the services and replays what the tables do not contain yet: when it resolves, reads see all that was
 * acknowledged before. The services own the engine from then on.
 * Errors: whatever reading the tables and the journal says; the engine is still the caller's then.
 */
export async function wireServices(
  options: WiringOptions,
  { tables: stored, journal }: Engine,
): Promise<Services> {
  const { ambient, onFatal, holdMs = HOLD_MS } = options;
  const emitter = new Emitter(journal.log("user"), onFatal);
  // Rows may not say that a record is applied before what it emitted is durable.
  const beforeFlush = (): Promise<void> => emitter.durable();
  const { cold } = options;
  const stack = await openTableStack({ stored, ambient, holdMs, beforeFlush, onFailure: onFatal, cold });
  const { tables, direct } = stack;
  const epoch = await readEpoch(direct, ambient.clock.nowMs(), options.timeline);
  const userSide = await wireSync(options, { log: journal.log("user"), tables, epoch });
  const { accounts, accountTables } = await wireAccounts(options, { log: journal.log("account"), stack });
  const messageSide = await wireMessage(options, {
    log: journal.log("conversation"),
    tables,
    emitter,
    sync: userSide.sync,
    accounts,
  });
  const { processor } = messageSide;
  processor.start();
  userSide.processor.start();
  // Nobody may read before all that was acknowledged before is there again: first what the conversations hold, then what
  // they emit, then what the users' queues and lists make of it.
  const recovered = async (): Promise<void> => {
    await processor.recovered();
    await emitter.durable();
    await userSide.processor.recovered();
  };
  await recovered();
  const tracked: readonly Tracked[] = [
    { name: "conversation", log: journal.log("conversation"), appliedEnd: (at) => processor.appliedEnd(at) },
    { name: "user", log: journal.log("user"), appliedEnd: (at) => userSide.processor.appliedEnd(at) },
    { name: "account", log: journal.log("account"), appliedEnd: () => accountTables.appliedEnd() },
  ];
  const checkpoints = startCheckpoints(tables, tracked, { ambient, holdMs, onFatal });
  // Not before: who waits for the start comes first.
  stack.completeIndexes();
  const close = async (): Promise<void> => {
    await checkpoints.stop();
    await processor.stop();
    await emitter.durable();
    await userSide.processor.stop();
    await checkpoint(tables, tracked);
    await stack.close();
    await journal.close();
  };
  let closing: Promise<void> | undefined;
  return {
    accounts,
    message: messageSide.message,
    importing: messageSide.importing,
    keeping: messageSide.keeping,
    sync: userSide.sync,
    epoch,
    checkpoint: async () => {
      await recovered();
      await checkpoint(tables, tracked);
    },
    tableStack: stack,
    indexes: () => direct.indexStatus(),
    tableStatistics: (hotMax) => stack.statistics(hotMax),
    stats: () => {
      const { syncs, appendedBytes, appendedRecords } = journal.stats();
      return { fsyncs: syncs, journalBytes: appendedBytes, appendedRecords };
    },
    close: () => (closing ??= close()),
  };
}

async function wireAccounts(
  { ambient, onFatal }: WiringOptions,
  { log, stack }: { readonly log: Log; readonly stack: TableStack },
): Promise<{ readonly accounts: AccountStore; readonly accountTables: LoggedTables }> {
  const { clock, random } = ambient;
  const specs = [ACCOUNT, SESSION, TOKEN];
  const accountTables = new LoggedTables({ tables: stack.direct, log, specs, clock, onFailure: onFatal });
  const [start] = await readCheckpoint(stack.tables, "account", log);
  await accountTables.recover(start!);
  return { accounts: new AccountStore({ tables: accountTables, clock, random }), accountTables };
}

interface SyncParts {
  readonly log: Log;
  readonly tables: WriteBackTables;
  readonly epoch: number;
}

async function wireSync(
  options: WiringOptions,
  { log, tables, epoch }: SyncParts,
): Promise<{ readonly processor: UserProcessor; readonly sync: SyncService }> {
  const { ambient, onFatal } = options;
  const retentionMs = (options.retentionDays ?? 30) * DAY_MS;
  const { destroyedMs = () => [] } = options;
  const epochOf = (tenantId: TenantId): number => epochAfter(epoch, destroyedMs(tenantId));
  const store = new UserStore({ tables, epochOf, retentionMs });
  const feeds = new FeedRegistry();
  const start = await readCheckpoint(tables, "user", log);
  const processor = new UserProcessor({
    log,
    store,
    feeds,
    logger: ambient.logger,
    startOffset: (partition) => start[partition]!,
    onFailure: onFatal,
    waitForRoom: () => tables.waitForRoom(),
  });
  const rebaseEventsMax = options.rebaseEvents ?? 2_000;
  const sync = new SyncService({ processor, store, tables, feeds, clock: ambient.clock, rebaseEventsMax });
  return { processor, sync };
}

interface MessageParts {
  readonly log: Log;
  readonly tables: WriteBackTables;
  readonly emitter: Emitter;
  readonly sync: SyncService;
  readonly accounts: AccountStore;
}

async function wireMessage(
  { ambient, onFatal, editMinutes, recallMinutes }: WiringOptions,
  { log, tables, emitter, sync, accounts }: MessageParts,
): Promise<{
  readonly processor: Processor;
  readonly message: MessageService;
  readonly importing: Importing;
  readonly keeping: Keeping;
}> {
  const { clock, random, logger } = ambient;
  const store = new ConversationStore({ tables, partitionCount: log.partitionCount });
  const start = await readCheckpoint(tables, "conversation", log);
  const processor = new Processor({
    log,
    store,
    emitter,
    logger,
    startOffset: (partition) => start[partition]!,
    onFailure: onFatal,
    waitForRoom: () => tables.waitForRoom(),
  });
  const newMessageId = createUlidSource(clock, random);
  const message = new MessageService({
    processor,
    store,
    tables,
    sync,
    accounts,
    clock,
    newMessageId,
    ...(editMinutes === undefined ? {} : { editMinutes }),
    ...(recallMinutes === undefined ? {} : { recallMinutes }),
  });
  const importing = new Importing({ processor, service: message, newMessageId, clock });
  const keeping = new Keeping({ processor, clock });
  return { processor, message, importing, keeping };
}
