/** The services of one node, wired to an engine: tables and a journal, real or simulated. */
import { ACCOUNT, AccountStore, SESSION, TOKEN } from "@parley/api";
import {
  type Ambient,
  Failure,
  failureCode,
  type Logger,
  type Timer,
  createUlidSource,
  isRareTime,
  messageOf,
} from "@parley/base";
import type { Journal, JournalOptions } from "@parley/engine-embedded";
import type { Log } from "@parley/logs";
import {
  CONVERSATION_MESSAGE,
  ConversationStore,
  Emitter,
  Importing,
  MessageService,
  Processor,
} from "@parley/message";
import { FeedRegistry, SyncService, UserProcessor, UserStore } from "@parley/sync";
import {
  BlockTables,
  type IndexedTables,
  type IndexStatus,
  openIndexedTables,
  type Tables,
  type TableSpec,
  type Write,
  WriteBackTables,
} from "@parley/tables";
import { LoggedTables } from "./logged-tables.js";
import { type Tracked, checkpoint, readCheckpoint } from "./checkpoint.js";

/** Partitions of each log, fixed when an installation is made. */
const PARTITION_COUNT = 8;
/** Heads and list entries are written once for many changes then, and more messages of a conversation leave together, as blocks. */
const HOLD_MS = 30_000;
const CHECKPOINT_MS_MIN = 5_000;
/** What a restart has to apply again at most: about five seconds of work. */
const CHECKPOINT_RECORDS_MAX = 200_000;
const CHECKPOINT_TICK_MS = 1_000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** All tables that have indexes. */
const INDEXED: readonly TableSpec[] = [CONVERSATION_MESSAGE];
const INSTALLATION: TableSpec = { name: "installation", keyOwner: "installation" };
const TIMELINE = "timeline";

export interface WiringOptions {
  readonly ambient: Ambient;
  readonly retentionDays?: number;
  /** How long rows are held, unless the memory for them is used up. Default 30,000. */
  readonly holdMs?: number;
  readonly rebaseEvents?: number;
  /** Names the course of events that the engine is of. Another one than before begins a new epoch of all queues. */
  readonly timeline?: string;
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
  readonly sync: SyncService;
  /** Names the queues of this installation in positions. */
  readonly epoch: number;
  /** Applies what is appended, makes it durable as rows, and lets the logs forget it. */
  checkpoint(): Promise<void>;
  /** How far the indexes are that are built in the background. */
  indexes(): readonly IndexStatus[];
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
  const { ambient, onFatal } = options;
  const { clock, scheduler } = ambient;
  const blocks = new BlockTables({ tables: stored, clock, scheduler, logger: ambient.logger });
  const engine = await openIndexedTables({ tables: blocks, declared: INDEXED, clock, scheduler });
  const emitter = new Emitter(journal.log("user"), onFatal);
  // Rows may not say that a record is applied before what it emitted is durable.
  const tables = new WriteBackTables({
    tables: engine,
    indexes: engine,
    clock,
    scheduler,
    flushIntervalMs: options.holdMs ?? HOLD_MS,
    beforeFlush: () => emitter.durable(),
    onFailure: onFatal,
  });
  const epoch = await readEpoch(engine, clock.nowMs(), options.timeline);
  const userSide = await wireSync(options, { log: journal.log("user"), tables, epoch });
  const accountTables = new LoggedTables({
    tables: engine,
    log: journal.log("account"),
    specs: [ACCOUNT, SESSION, TOKEN],
    clock,
    onFailure: onFatal,
  });
  const [accountStart] = await readCheckpoint(tables, "account", journal.log("account"));
  await accountTables.recover(accountStart!);
  const accounts = new AccountStore({ tables: accountTables, clock, random: ambient.random });
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
  const checkpoints = startCheckpoints(tables, tracked, options);
  const indexing = completeIndexes(engine, ambient.logger);
  const close = async (): Promise<void> => {
    await checkpoints.stop();
    await processor.stop();
    await emitter.durable();
    await userSide.processor.stop();
    await checkpoint(tables, tracked);
    await tables.close();
    await journal.close();
    await engine.close();
    await indexing;
  };
  let closing: Promise<void> | undefined;
  return {
    accounts,
    message: messageSide.message,
    importing: messageSide.importing,
    sync: userSide.sync,
    epoch,
    checkpoint: async () => {
      await recovered();
      await checkpoint(tables, tracked);
    },
    indexes: () => engine.indexStatus(),
    stats: () => {
      const { syncs, appendedBytes, appendedRecords } = journal.stats();
      return { fsyncs: syncs, journalBytes: appendedBytes, appendedRecords };
    },
    close: () => (closing ??= close()),
  };
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
  const store = new UserStore({ tables, epoch, retentionMs });
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
  { ambient, onFatal }: WiringOptions,
  { log, tables, emitter, sync, accounts }: MessageParts,
): Promise<{
  readonly processor: Processor;
  readonly message: MessageService;
  readonly importing: Importing;
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
  const message = new MessageService({ processor, store, tables, sync, accounts, clock, newMessageId });
  const importing = new Importing({ processor, service: message, newMessageId, clock });
  return { processor, message, importing };
}

/** Builds in the background what is declared and not built yet. Ends when the tables are closed. */
async function completeIndexes(tables: IndexedTables, logger: Logger): Promise<void> {
  try {
    await tables.completeIndexes();
  } catch (error) {
    // Queries are refused until it is built; the next start tries again, and writers meet what is wrong with the disk.
    if (failureCode(error) !== "tables-closed")
      logger.error("index-build-failed", { error: messageOf(error) });
  }
}

function startCheckpoints(
  tables: WriteBackTables,
  tracked: readonly Tracked[],
  { ambient, onFatal, holdMs = HOLD_MS }: WiringOptions,
): { stop(): Promise<void> } {
  const { clock, scheduler, logger } = ambient;
  const checkpointMs = Math.max(CHECKPOINT_MS_MIN, holdMs);
  const appliedRecords = (): number => tracked.reduce((sum, each) => sum + appliedTo(each), 0);
  let running: Promise<void> = Promise.resolve();
  let isRunning = false;
  let lastMs = clock.monotonicMs();
  let lastRecords = appliedRecords();
  const isDue = (): boolean =>
    clock.monotonicMs() - lastMs >= checkpointMs ||
    appliedRecords() - lastRecords >= CHECKPOINT_RECORDS_MAX ||
    isRareTime("checkpoint-comes-early");
  const timer: Timer = scheduler.every(CHECKPOINT_TICK_MS, () => {
    if (isRunning || !isDue()) return;
    isRunning = true;
    lastMs = clock.monotonicMs();
    lastRecords = appliedRecords();
    running = checkpoint(tables, tracked).then(
      () => {
        isRunning = false;
      },
      (error: unknown) => {
        logger.error("checkpoint-failed", { error: messageOf(error) });
        onFatal(error);
      },
    );
  });
  return {
    async stop() {
      timer.cancel();
      await running;
    },
  };
}

/** Records of all partitions that are applied. */
function appliedTo(tracked: Tracked): number {
  let sum = 0;
  for (let partition = 0; partition < tracked.log.partitionCount; partition++)
    sum += tracked.appliedEnd(partition);
  return sum;
}

/**
 * The epoch of this installation's queues: the time of its creation, kept until it begins anew from a copy. The queues of a
 * copy may be behind its devices, and a place in what was lost must not be taken for a place in what comes.
 */
async function readEpoch(tables: Tables, nowMs: number, timeline: string | undefined): Promise<number> {
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

function parseEpoch(text: string): number {
  const epoch = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(epoch)) return epoch;
  throw new Failure(
    "tables-corrupt",
    "The epoch of the installation is none. Restore the data directory from a backup.",
  );
}
