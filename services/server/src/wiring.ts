/** The services of one node, wired to an engine: tables and a journal, real or simulated. */
import { ACCOUNT, ACCOUNT_PICTURE, AccountStore, MODULE, MODULE_KEY, SESSION, TOKEN } from "@parley/api";
import { type Ambient, createUlidSource } from "@parley/base";
import type { InstalledScenario, LaterReviewer, Reviewer } from "@parley/contracts";
import type { Journal, JournalOptions } from "@parley/engine-embedded";
import type { Log } from "@parley/logs";
import { MEDIA_TABLES, type MediaStore } from "@parley/media";
import {
  CAMPAIGN,
  Campaigns,
  CONVERSATION_HEAD,
  ConversationStore,
  Emitter,
  Importing,
  Keeping,
  MessageService,
  Processor,
  SharedGroups,
  SystemLists,
  ReadIndexes,
  Spreading,
  type LaterReview,
  type LaterReviewCounts,
  type ReviewCounts,
} from "@parley/message";
import { type NotificationService, PUSH_TARGET } from "@parley/notification";
import type { PreviewService } from "@parley/preview";
import type { TenantId } from "@parley/protocol";
import { compileCodecs } from "@parley/protocol/compiled";
import {
  FeedRegistry,
  NotifySettings,
  type PushingOptions,
  type QueueListener,
  SyncService,
  TopicFeeds,
  UserProcessor,
  UserStore,
} from "@parley/sync";
import type { ColdOptions, IndexStatus, Tables, TableStatistics } from "@parley/tables";
import { type Tracked, checkpoint, readCheckpoint, startCheckpoints } from "./checkpoint.js";
import { epochAfter, readEpoch } from "./epoch.js";
import { LoggedTables } from "./logged-tables.js";
import { layMedia, type Media, type MediaOptions, wireMedia } from "./media/wire-media.js";
import { type Modules, wireModules } from "./module-wiring.js";
import { PUSH_KEY } from "./notify/push-key.js";
import { type NotifyServices, notifyServices, openNotify, type PushOptions } from "./notify/wire-notify.js";
import { wireReviews } from "./review-wiring.js";
import { type PreviewOptions, wirePreviews } from "./previews/wire-previews.js";
import { openTableStack, type TableStack } from "./table-stack.js";

/** Partitions of each log, fixed when an installation is made. */
const PARTITION_COUNT = 8;
/** Heads and list entries are written once for many changes then, and more messages of a conversation leave together, as blocks. */
const HOLD_MS = 30_000;
const RETENTION_DAYS = 30;
const QUEUE_EVENTS = 20_000;
const REBASE_BYTES = 1024 * 1024;
const CATCH_UP_MS = 8_000;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface WiringOptions {
  readonly ambient: Ambient;
  readonly retentionDays?: number;
  /** Events that the queue of a user, and the topic of a large group, keeps where there is a cold tier. Default 20,000. */
  readonly queueEvents?: number;
  /** How long rows are held, unless the memory for them is used up. Default 30,000. */
  readonly holdMs?: number;
  /** Devices further behind than this are brought up to date by what is newest instead of all events. Default 2,000. */
  readonly rebaseEvents?: number;
  /** What of pushing is left out; to compare with. */
  readonly pushing?: PushingOptions;
  /** For how long senders may edit and recall their messages; 0: for ever. Defaults as in MessageServiceOptions. */
  readonly editMinutes?: number;
  readonly recallMinutes?: number;
  /** Groups with more members are large ones, with a topic for all. Default as in MessageServiceOptions. */
  readonly sharedFromMembers?: number;
  /** How long reactions and read counts may wait to be told with others; 0: not at all. Default as in SpreadingOptions. */
  readonly spreadMsMax?: number;
  /** Kinds of groups that can be made. */
  readonly scenarios?: readonly InstalledScenario[];
  /** Looks at contents before they are said, and whether they pass when it does not answer. Default: they do not. */
  readonly reviewer?: Reviewer;
  readonly isReviewFailOpen?: (tenantId: TenantId) => boolean;
  /** Looks at what was said, in its own time, and takes back what it refuses. */
  readonly laterReviewer?: LaterReviewer;
  /** Names the course of events that the engine is of. Another one than before begins a new epoch of all queues. */
  readonly timeline?: string;
  /** When the keys of a tenant were destroyed, if they were: each time its queues begin a new epoch. */
  readonly destroyedMs?: (tenantId: TenantId) => readonly number[];
  /** Where old messages go. Without it they stay. */
  readonly cold?: ColdOptions;
  /** Where files of messages are. Without it there are none. */
  readonly media?: MediaOptions | undefined;
  /** How people are notified of what no device of theirs has. Without it they are not. */
  readonly push?: PushOptions;
  /** How links are read. Without it they have no previews. */
  readonly previews?: PreviewOptions | undefined;
  /** The process must stop now; acknowledged data is safe on disk and is recovered at the next start. */
  readonly onFatal: (error: unknown) => void;
}

export interface Engine {
  readonly tables: Tables;
  /** Opened with `journalLogs`. */
  readonly journal: Journal;
}

export interface Services extends NotifyServices {
  readonly accounts: AccountStore;
  readonly message: MessageService;
  readonly importing: Importing;
  readonly keeping: Keeping;
  readonly campaigns: Campaigns;
  /** For business modules. */
  readonly modules: Modules;
  /** Undefined when there are no files. */
  readonly media: Media | undefined;
  /** Undefined when links have no previews. */
  readonly previews: PreviewService | undefined;
  /** How contents were reviewed since the start; undefined where nobody reviews. */
  reviewCounts(): ReviewCounts | undefined;
  laterReviewCounts(): LaterReviewCounts | undefined;
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
  const stack = await openStack(options, { stored, emitter, holdMs });
  const { tables, direct } = stack;
  const epoch = await readEpoch(direct, ambient.clock.nowMs(), options.timeline);
  const { accounts, accountTables } = await wireAccounts(options, { log: journal.log("account"), stack });
  const feeds = new FeedRegistry();
  const notify = await openNotify(options.push, { ambient, accounts, accountTables, tables, feeds });
  const userParts = { log: journal.log("user"), stack, epoch, accounts, feeds, listener: notify.service };
  const userSide = await wireSync(options, userParts);
  const ofMessages = { log: journal.log("conversation"), notifications: notify.service };
  const parts = { ...ofMessages, stack, emitter, ...userSide, accounts, accountTables };
  const { processor, spreading, settledEnd, later, stop, ...calls } = await wireMessage(options, parts);
  const previews = wirePreviews(options.previews, { ambient, messages: calls.message, tables: direct });
  const ofModules = { tables, accounts, accountTables, ambient };
  const modules = wireModules({ ...ofModules, users: userSide.processor, processor });
  processor.start();
  userSide.processor.start();
  const recovered = (): Promise<void> => allRecovered(processor, emitter, userSide.processor);
  await recovered();
  const tracked = trackedLogs(journal, {
    conversation: settledEnd,
    user: (at) => userSide.processor.appliedEnd(at),
    account: () => accountTables.appliedEnd(),
  });
  const checkpoints = startCheckpoints(tables, tracked, { ambient, holdMs, onFatal });
  // Not before: who waits for the start comes first.
  stack.completeIndexes();
  await calls.campaigns.resume();
  await later?.start();
  notify.service?.start();
  const close = async (): Promise<void> => {
    notify.targets.close();
    await previews?.close();
    await notify.service?.stop();
    await calls.media?.keeper.stop();
    await checkpoints.stop();
    await stop();
    // What is sent tells its files where it stands: that ends when the processor has.
    await calls.media?.settled();
    await accountTables.close();
    await emitter.durable();
    await userSide.processor.stop();
    await checkpoint(tables, tracked);
    await stack.close();
    await journal.close();
  };
  let closing: Promise<void> | undefined;
  return {
    accounts,
    ...calls,
    previews,
    modules,
    sync: userSide.sync,
    ...notifyServices(userSide.settings, notify),
    epoch,
    checkpoint: async () => {
      await recovered();
      await spreading.spreadAll().then(recovered);
      await checkpoint(tables, tracked);
    },
    tableStack: stack,
    indexes: () => direct.indexStatus(),
    tableStatistics: (hotMax) => stack.statistics(hotMax),
    stats: () => statsOf(journal),
    close: () => (closing ??= close()),
  };
}

function openStack(
  { ambient, onFatal, cold, queueEvents = QUEUE_EVENTS }: WiringOptions,
  {
    stored,
    emitter,
    holdMs,
  }: { readonly stored: Tables; readonly emitter: Emitter; readonly holdMs: number },
): Promise<TableStack> {
  // Nothing is encoded or decoded before there are tables.
  compileCodecs();
  // Rows may not say that a record is applied before what it emitted is durable.
  const beforeFlush = (): Promise<void> => emitter.durable();
  return openTableStack({ stored, ambient, holdMs, beforeFlush, onFailure: onFatal, cold, queueEvents });
}

function statsOf(journal: Journal): ReturnType<Services["stats"]> {
  const { syncs, appendedBytes, appendedRecords } = journal.stats();
  return { fsyncs: syncs, journalBytes: appendedBytes, appendedRecords };
}

/** How far each log is applied, by name. */
function trackedLogs(
  journal: Journal,
  appliedEnds: Readonly<Record<"conversation" | "user" | "account", Tracked["appliedEnd"]>>,
): readonly Tracked[] {
  return Object.entries(appliedEnds).map(([name, appliedEnd]) => ({
    name,
    log: journal.log(name),
    appliedEnd,
  }));
}

/**
 * Nobody may read before all that was acknowledged before is there again: first what the conversations hold, then what they
 * emit, then what the users' queues and lists make of it.
 */
async function allRecovered(
  processor: Processor,
  emitter: Emitter,
  userProcessor: UserProcessor,
): Promise<void> {
  await processor.recovered();
  await emitter.durable();
  await userProcessor.recovered();
}

async function wireAccounts(
  { ambient, onFatal }: WiringOptions,
  { log, stack }: { readonly log: Log; readonly stack: TableStack },
): Promise<{ readonly accounts: AccountStore; readonly accountTables: LoggedTables }> {
  const { clock, random } = ambient;
  const specs = [
    ACCOUNT,
    ACCOUNT_PICTURE,
    SESSION,
    TOKEN,
    MODULE,
    MODULE_KEY,
    CAMPAIGN,
    PUSH_TARGET,
    PUSH_KEY,
    ...MEDIA_TABLES,
  ];
  const accountTables = new LoggedTables({ tables: stack.direct, log, specs, clock, onFailure: onFatal });
  const [start] = await readCheckpoint(stack.tables, "account", log);
  await accountTables.recover(start!);
  return { accounts: new AccountStore({ tables: accountTables, clock, random }), accountTables };
}

interface SyncParts {
  readonly log: Log;
  readonly stack: TableStack;
  readonly epoch: number;
  readonly accounts: AccountStore;
  readonly feeds: FeedRegistry;
  readonly listener: QueueListener | undefined;
}

async function wireSync(
  options: WiringOptions,
  { log, stack: { tables, onGrown }, epoch, accounts, feeds, listener }: SyncParts,
): Promise<{
  readonly processor: UserProcessor;
  readonly sync: SyncService;
  readonly settings: NotifySettings;
  readonly topicFeeds: TopicFeeds;
}> {
  const { ambient, onFatal } = options;
  const retentionMs = retentionMsOf(options);
  const { destroyedMs = () => [] } = options;
  const epochOf = (tenantId: TenantId): number => epochAfter(epoch, destroyedMs(tenantId));
  const store = new UserStore({ tables, epochOf, retentionMs, onGrown });
  const topicFeeds = new TopicFeeds(epochOf, listener);
  const topics = new SharedGroups(tables);
  const start = await readCheckpoint(tables, "user", log);
  const processor = new UserProcessor({
    log,
    store,
    feeds,
    listener,
    logger: ambient.logger,
    startOffset: (partition) => start[partition]!,
    onFailure: onFatal,
    waitForRoom: () => tables.waitForRoom(),
  });
  const rebase = {
    events: options.rebaseEvents ?? 2_000,
    bytes: REBASE_BYTES,
    catchUpMs: CATCH_UP_MS,
  };
  const sync = new SyncService({
    processor,
    store,
    tables,
    feeds,
    listener,
    topics,
    topicFeeds,
    systemLists: new SystemLists({ accounts, groups: topics }),
    clock: ambient.clock,
    scheduler: ambient.scheduler,
    rebase,
    ...(options.pushing === undefined ? {} : { pushing: options.pushing }),
  });
  const settings = new NotifySettings({ processor, tables, clock: ambient.clock });
  return { processor, sync, settings, topicFeeds };
}

function retentionMsOf({ retentionDays = RETENTION_DAYS }: WiringOptions): number {
  return retentionDays * DAY_MS;
}

interface MessageParts {
  readonly log: Log;
  readonly stack: TableStack;
  readonly emitter: Emitter;
  readonly sync: SyncService;
  readonly topicFeeds: TopicFeeds;
  readonly accounts: AccountStore;
  readonly accountTables: LoggedTables;
  readonly notifications: NotificationService | undefined;
}

/** What applies the conversation log, and those who listen to what it applies. */
async function openProcessor(
  options: WiringOptions,
  { log, stack: { tables, onGrown }, emitter, topicFeeds, notifications }: MessageParts,
  files: MediaStore | undefined,
) {
  const { ambient, onFatal, spreadMsMax } = options;
  const { clock, logger, scheduler } = ambient;
  const retentionMs = retentionMsOf(options);
  const store = new ConversationStore({ tables, partitionCount: log.partitionCount, retentionMs, onGrown });
  const start = await readCheckpoint(tables, "conversation", log);
  const submit: Processor["submit"] = (record) => processor.submit(record);
  const windowMsMax = spreadMsMax === undefined ? {} : { windowMsMax: spreadMsMax };
  const spreading = new Spreading({ submit, clock, scheduler, logger, ...windowMsMax });
  const readIndexes = new ReadIndexes(tables, store);
  const review = await wireReviews(options, { tables, submit, files });
  const processor: Processor = new Processor({
    log,
    store,
    emitter,
    logger,
    ...(review.later === undefined ? {} : { laterReview: review.later }),
    topics: topicFeeds,
    startOffset: (partition) => start[partition]!,
    onFailure: onFatal,
    waitForRoom: () => tables.waitForRoom(),
    onApplied: [
      spreading.onApplied,
      readIndexes.onApplied,
      ...(notifications === undefined ? [] : [notifications.onApplied]),
    ],
  });
  return { processor, store, spreading, readIndexes, review };
}

function openCampaigns(
  { ambient }: WiringOptions,
  { stack: { tables }, accounts, accountTables }: MessageParts,
  processor: Processor,
): Campaigns {
  const { clock, random, scheduler, logger } = ambient;
  return new Campaigns({
    tables: accountTables,
    processor,
    accounts,
    hasConversation: async ({ tenantId, conversationId }) =>
      (await tables.find(CONVERSATION_HEAD, [tenantId, conversationId], [])) !== undefined,
    clock,
    scheduler,
    logger,
    newId: createUlidSource(clock, random),
  });
}

async function wireMessage(
  options: WiringOptions,
  parts: MessageParts,
): Promise<
  Pick<
    Services,
    "message" | "importing" | "keeping" | "campaigns" | "media" | "reviewCounts" | "laterReviewCounts"
  > & {
    readonly processor: Processor;
    readonly spreading: Spreading;
    /** How far a checkpoint may go: everything below is applied, and told to whom it concerns. */
    readonly settledEnd: (partition: number) => number;
    readonly later: LaterReview | undefined;
    /** Waits for what is under way. */
    readonly stop: () => Promise<void>;
  }
> {
  const { ambient, editMinutes, recallMinutes, sharedFromMembers, scenarios } = options;
  const { clock, random } = ambient;
  const files = options.media;
  const ground = files && layMedia(files, { tables: parts.accountTables, ambient });
  const { processor, store, spreading, readIndexes, review } = await openProcessor(
    options,
    parts,
    ground?.store,
  );
  const newMessageId = createUlidSource(clock, random);
  const shared = sharedFromMembers === undefined ? {} : { sharedFromMembers };
  const message = new MessageService({
    processor,
    store,
    spreading,
    readIndexes,
    tables: parts.stack.tables,
    sync: parts.sync,
    accounts: parts.accounts,
    clock,
    newMessageId,
    ...(ground === undefined ? {} : { media: ground.claims }),
    ...(editMinutes === undefined ? {} : { editMinutes }),
    ...(recallMinutes === undefined ? {} : { recallMinutes }),
    ...shared,
    ...(scenarios === undefined ? {} : { scenarios }),
    ...(review.gate === undefined ? {} : { review: review.gate }),
  });
  const importing = new Importing({ processor, service: message, newMessageId, clock, ...shared });
  const keeping = new Keeping({ processor, clock });
  const campaigns = openCampaigns(options, parts, processor);
  const media =
    ground && wireMedia(files, ground, { ambient, tables: parts.stack.tables, messages: message });
  const settledEnd = (at: number): number => {
    const end = spreading.settledEnd(at, processor.appliedEnd(at));
    return parts.notifications?.settledEnd(at, end) ?? end;
  };
  const stop = async (): Promise<void> => {
    await campaigns.stop();
    await spreading.close();
    await review.later?.stop();
    await processor.stop();
  };
  const calls = { message, importing, keeping, campaigns, media, ...review.figures };
  return { ...calls, processor, spreading, settledEnd, later: review.later, stop };
}
