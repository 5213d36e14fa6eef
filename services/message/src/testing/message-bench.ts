/** The message service on manual time, over logs and tables in memory that survive its crashes. */
import type {
  InstalledScenario,
  LaterReviewer,
  MediaClaims,
  Reviewer,
  SendRequest,
  SendResult,
  Session,
  SyncCalls,
} from "@parley/contracts";
import { Failure, createUlidSource, failureCode, sleep } from "@parley/base";
import { ManualTime, RecordingLogger, manualAmbient } from "@parley/base/testing";
import { type TopicRow, UserRecord } from "@parley/domain";
import { type AppendResult, MemoryLog, MemoryLogStore, type RecordSource } from "@parley/logs";
import {
  type Body,
  type ClientMessageId,
  type ConversationEntry,
  type ConversationId,
  type DeviceId,
  type Init,
  type Message,
  type SessionId,
  type TenantId,
  type UserId,
  Body as BodySchema,
  Event,
  Message as MessageSchema,
  conversationOf,
  decode,
  User,
  filled,
  textBody,
} from "@parley/protocol";
import {
  type Batch,
  type IndexedTables,
  type Key,
  type RangeQuery,
  type Row,
  type TableSpec,
  MemoryTableStore,
  MemoryTables,
  WriteBackTables,
  openIndexedTables,
} from "@parley/tables";
import { ConversationStore } from "../conversation-store.js";
import {
  CONVERSATION_CARD,
  CONVERSATION_CARD_ACTION,
  CONVERSATION_CARD_PART,
  CONVERSATION_EDIT,
  CONVERSATION_EVENT,
  CONVERSATION_HEAD,
  CONVERSATION_JOIN_REQUEST,
  CONVERSATION_MEMBER,
  CONVERSATION_MEMBER_CHANGE,
  CONVERSATION_MESSAGE,
  CONVERSATION_MODULE_EVENT,
  CONVERSATION_MODULE_NEWEST,
  CONVERSATION_PIN,
  CONVERSATION_REACTION,
  CONVERSATION_REACTION_SUM,
  CONVERSATION_SEND,
} from "../conversation-tables.js";
import { Emitter } from "../emitter.js";
import { Importing } from "../importing.js";
import { Keeping } from "../keeping.js";
import { MessageService, type MessageServiceOptions } from "../message-service.js";
import { Processor } from "../processor.js";
import { ReadIndexes } from "../read-indexes.js";
import { Spreading } from "../spreading.js";
import type { BudgetOptions } from "../search/search-budget.js";
import { LaterReview } from "../review/later-review.js";
import { ReviewGate } from "../review/review-gate.js";
import { checkedReplacement } from "../checked-body.js";

export interface BenchOptions {
  readonly partitionCount?: number;
  readonly conversationsMax?: number;
  readonly sendersMax?: number;
  readonly dirtyBytesMax?: number;
  /** Reads of the tables take up to this long. */
  readonly readMs?: number;
  readonly editMinutes?: number;
  readonly recallMinutes?: number;
  readonly sharedFromMembers?: number;
  readonly searchBudget?: BudgetOptions;
  readonly windowMsMax?: number;
  readonly media?: MediaClaims;
  readonly scenarios?: readonly InstalledScenario[];
  readonly reviewer?: Reviewer;
  readonly isFailOpen?: () => boolean;
  readonly laterReviewer?: LaterReviewer;
}

export const TENANT = "acme" as TenantId;
const RETENTION_MS = 30 * 24 * 60 * 60 * 1000;
const TABLES = [
  CONVERSATION_CARD,
  CONVERSATION_CARD_ACTION,
  CONVERSATION_CARD_PART,
  CONVERSATION_EDIT,
  CONVERSATION_EVENT,
  CONVERSATION_HEAD,
  CONVERSATION_JOIN_REQUEST,
  CONVERSATION_MEMBER,
  CONVERSATION_MEMBER_CHANGE,
  CONVERSATION_MESSAGE,
  CONVERSATION_MODULE_EVENT,
  CONVERSATION_MODULE_NEWEST,
  CONVERSATION_PIN,
  CONVERSATION_REACTION,
  CONVERSATION_REACTION_SUM,
  CONVERSATION_SEND,
];

/** A log that can be told to refuse, or to swallow what it is given, as one whose disk does not answer. */
export class FaultyLog extends MemoryLog {
  refusal: Failure | undefined;
  isStuck = false;

  override append(partition: number, payload: Uint8Array, source?: RecordSource): Promise<AppendResult> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    if (this.isStuck) return new Promise(() => {});
    return super.append(partition, payload, source);
  }
}

/** Tables whose reads take a while, and whose disk can fail in the midst of a write. */
export class FaultyTables extends MemoryTables {
  /** The next write puts this many of its batches on the disk, and then fails. */
  batchesUntilFailure: number | undefined;
  /** Rows written so far. */
  written = 0;
  /** While it is set, writes wait for it. */
  held: Promise<void> | undefined;
  /** What a read of a message comes to, instead of the message. */
  messageFailure: Failure | undefined;
  readonly #time: ManualTime;
  readonly #readMs: number;
  #reads = 0;

  constructor(store: MemoryTableStore, time: ManualTime, options: BenchOptions) {
    super(store, time);
    this.#time = time;
    this.#readMs = options.readMs ?? 0;
  }

  override async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    await this.#wait();
    if (table === CONVERSATION_MESSAGE && this.messageFailure !== undefined) throw this.messageFailure;
    return super.find(table, partition, sort);
  }

  override async range(query: RangeQuery): Promise<readonly Row[]> {
    await this.#wait();
    return super.range(query);
  }

  override async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    await this.held;
    for (const { writes } of batches) this.written += writes.length;
    const until = this.batchesUntilFailure;
    if (until === undefined) return super.write(batches, options);
    await super.write(batches.slice(0, until), options);
    throw new Failure("tables-failed", "The disk failed.");
  }

  /** Some reads are slower than others, so that loops overtake each other. */
  async #wait(): Promise<void> {
    this.#reads += 1;
    if (this.#readMs > 0) await sleep(this.#time, (this.#reads * 7) % this.#readMs);
  }
}

/** The service between two crashes. */
export class Life {
  readonly log: FaultyLog;
  readonly userLog: FaultyLog;
  readonly engine: FaultyTables;
  readonly tables: WriteBackTables;
  readonly processor: Processor;
  readonly spreading: Spreading;
  readonly review: ReviewGate | undefined;
  readonly later: LaterReview | undefined;
  readonly message: MessageService;
  readonly importing: Importing;
  readonly keeping: Keeping;
  readonly failures: unknown[] = [];
  /** What the topics of large groups were told, and who left them. */
  readonly told: { readonly pts: number; readonly row: TopicRow }[] = [];
  readonly left: UserId[] = [];

  constructor(
    bench: MessageBench,
    below?: { readonly engine: FaultyTables; readonly indexes: IndexedTables },
  ) {
    const { time, logger, users } = bench;
    const { clock, scheduler, random } = manualAmbient(time, logger, bench.nextSeed());
    const onFailure = (error: unknown): void => void this.failures.push(error);
    this.log = new FaultyLog(bench.logStore, scheduler);
    this.userLog = new FaultyLog(bench.userLogStore, scheduler);
    this.engine = below?.engine ?? new FaultyTables(bench.tableStore, time, bench.options);
    const emitter = new Emitter(this.userLog, onFailure);
    this.tables = new WriteBackTables({
      tables: below?.indexes ?? this.engine,
      ...(below === undefined ? {} : { indexes: below.indexes }),
      clock,
      scheduler,
      beforeFlush: () => emitter.durable(),
      dirtyBytesMax: bench.options.dirtyBytesMax ?? 64 * 1024 * 1024,
      onFailure,
    });
    const { partitionCount } = this.log;
    const store = new ConversationStore({
      tables: this.tables,
      partitionCount,
      retentionMs: RETENTION_MS,
      ...bench.options,
    });
    const { windowMsMax } = bench.options;
    this.spreading = new Spreading({
      submit: (record) => this.processor.submit(record),
      clock,
      scheduler,
      logger,
      ...(windowMsMax === undefined ? {} : { windowMsMax }),
    });
    const readIndexes = new ReadIndexes(this.tables, store);
    const { laterReviewer } = bench.options;
    const submit: Processor["submit"] = (record) => this.processor.submit(record);
    this.later =
      laterReviewer &&
      new LaterReview({ reviewer: laterReviewer, tables: this.tables, clock, scheduler, logger, submit });
    this.processor = new Processor({
      log: this.log,
      store,
      emitter,
      logger,
      topics: {
        onTold: (_, firstPts, rows) =>
          rows.forEach((row, index) => this.told.push({ pts: firstPts + index, row })),
        onLeft: (_, userIds) => this.left.push(...userIds),
      },
      startOffset: (partition) => bench.startOffsets[partition] ?? 0,
      onFailure,
      waitForRoom: () => this.tables.waitForRoom(),
      onApplied: [this.spreading.onApplied, readIndexes.onApplied],
      ...(this.later === undefined ? {} : { laterReview: this.later }),
    });
    const newMessageId = createUlidSource(clock, random);
    const { reviewer, isFailOpen } = bench.options;
    this.review =
      reviewer &&
      new ReviewGate({ reviewer, scheduler, logger, checkedReplacement, ...(isFailOpen && { isFailOpen }) });
    this.message = new MessageService({
      processor: this.processor,
      store,
      spreading: this.spreading,
      readIndexes,
      tables: this.tables,
      sync: {
        submit: async () => ({ kind: "done" }),
        hiddenSequences: async ({ userId }) => bench.hiddenOf.get(userId) ?? bench.hidden,
        mentionPlaces: async (session, page) => bench.mentionPlaces(session, page),
        listConversations: async () => ({ entries: bench.entries, next: "" }),
      },
      accounts: {
        findUsers: async (_tenantId, userIds) =>
          userIds.map((userId) =>
            users.has(userId)
              ? filled(User, { userId, name: userId, isSystem: userId === bench.systemId })
              : undefined,
          ),
      },
      clock,
      newMessageId,
      ...limitsOf(bench.options),
      scenarios: bench.options.scenarios ?? [],
      ...(this.review === undefined ? {} : { review: this.review }),
    });
    this.importing = new Importing({
      processor: this.processor,
      service: this.message,
      newMessageId,
      clock,
    });
    this.keeping = new Keeping({ processor: this.processor, clock });
    const { later } = this;
    if (later === undefined) this.processor.start();
    else void this.#startWith(later);
  }

  async #startWith(later: LaterReview): Promise<void> {
    await later.open();
    this.processor.start();
    await this.processor.recovered();
    await later.start();
  }
}

export class MessageBench {
  readonly time = new ManualTime();
  readonly logger = new RecordingLogger();
  readonly users = new Set<string>(["ann", "bob", "cy", "eve"]);
  /** Where the next life begins in the log, by partition: what its last checkpoint said. */
  startOffsets: readonly number[] = [];
  /** What everybody has deleted for themselves. */
  hidden: readonly number[] = [];
  /** The one that talks to everybody. */
  systemId: string | undefined;
  /** What single users have, instead. */
  readonly hiddenOf = new Map<string, readonly number[]>();
  /** What the sync service knows of mentions. */
  mentionPlaces: (
    ...asked: Parameters<SyncCalls["mentionPlaces"]>
  ) => Awaited<ReturnType<SyncCalls["mentionPlaces"]>> = () => ({ places: [], shared: [] });
  /** The conversation list of everybody. */
  entries: readonly ConversationEntry[] = [];
  readonly tableStore = new MemoryTableStore();
  readonly logStore: MemoryLogStore;
  readonly userLogStore: MemoryLogStore;
  readonly options: BenchOptions;
  life: Life;
  #seed = 0;

  constructor(options: BenchOptions = {}) {
    this.options = options;
    const { partitionCount = 2 } = options;
    this.logStore = new MemoryLogStore(partitionCount);
    this.userLogStore = new MemoryLogStore(partitionCount);
    this.life = new Life(this);
  }

  nextSeed(): number {
    return (this.#seed += 1);
  }

  get message(): MessageService {
    return this.life.message;
  }

  /** What a call comes to. */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.time.run(promise);
  }

  /** The code of the failure that a call comes to, or "ok". */
  codeOf(promise: Promise<unknown>): Promise<string> {
    return this.run(outcomeOf(promise));
  }

  /** Loses what is in memory; what is durable is found again by the next life. */
  async crash(): Promise<void> {
    await this.time.settle();
    this.tableStore.crash();
    this.life.spreading.stop();
    await this.run(this.life.later?.stop() ?? Promise.resolve());
    await this.run(this.life.processor.stop());
    this.life = new Life(this);
  }

  /** Begins a life with indexes. */
  async index(): Promise<void> {
    const engine = new FaultyTables(this.tableStore, this.time, this.options);
    const { clock, scheduler } = manualAmbient(this.time, this.logger, this.nextSeed());
    const declared = [CONVERSATION_MESSAGE];
    const indexes = await this.run(openIndexedTables({ tables: engine, declared, clock, scheduler }));
    await this.run(this.life.processor.stop());
    this.life = new Life(this, { engine, indexes });
  }

  /** Writes everything, and notes how far the next life need not go back. */
  async checkpoint(): Promise<void> {
    const { spreading, processor, tables } = this.life;
    const { partitionCount = 2 } = this.options;
    const ends = Array.from({ length: partitionCount }, (_, at) =>
      spreading.settledEnd(at, processor.appliedEnd(at)),
    );
    await this.run(tables.flush());
    this.startOffsets = ends;
  }

  /** The events that a user was told, in order. */
  eventsFor(userId: string): readonly Event[] {
    return this.userLogStore.partitions
      .flatMap(({ records }) => records.flatMap(({ payload }) => decode(UserRecord, payload).spreads))
      .filter(({ userIds }) => userIds.includes(userId as UserId))
      .map(({ event }) => decode(Event, event));
  }

  /** Writes everything, stops, and starts with nothing in memory. */
  async restart(): Promise<void> {
    await this.run(this.life.tables.flush());
    await this.crash();
  }

  session(name: string, options: { tenant?: string; device?: string } = {}): Session {
    return {
      tenantId: (options.tenant ?? TENANT) as TenantId,
      userId: name as UserId,
      deviceId: (options.device ?? `${name}-phone`) as DeviceId,
      sessionId: `s-${name}` as SessionId,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
    };
  }

  /** A group of `names`, the first being its owner. */
  async group(...names: readonly string[]): Promise<ConversationId> {
    const [owner, ...others] = names;
    return this.run(
      this.message.createGroup(this.session(owner!), {
        name: names.join("+"),
        title: "Team",
        userIds: others as UserId[],
        isHistoryOpen: true,
      }),
    );
  }

  send(session: Session, conversationId: ConversationId, number: number, text = ""): Promise<SendResult> {
    return this.message.send(session, sending(conversationId, number, text));
  }

  /** Sends anything: a body, a forward, an audience. */
  sendAny(
    session: Session,
    conversationId: ConversationId,
    number: number,
    what: Pick<SendRequest, "audience" | "forward"> & { readonly body?: Init<Body> },
  ): Promise<SendResult> {
    const { body, ...rest } = what;
    const request = { ...sending(conversationId, number), ...rest };
    return this.message.send(session, { ...request, body: body && filled(BodySchema, body) });
  }

  /** Every message of a conversation as it is stored, for nobody's eyes. */
  async stored(conversationId: ConversationId): Promise<readonly Message[]> {
    const query = { table: CONVERSATION_MESSAGE, partition: [TENANT, conversationId], limit: 10_000 };
    return (await this.run(this.life.tables.range(query))).map(({ value }) => decode(MessageSchema, value));
  }

  /** The newest page of history as this user sees it. */
  async history(session: Session, conversationId: ConversationId): Promise<readonly Message[]> {
    const page = { conversationId, before: 0, after: 0, atMs: 0, limit: 200, isForward: false };
    return (await this.run(this.message.history(session, page))).messages;
  }

  /** Every row of the conversations, as text. Flushes first. */
  async rows(conversationIds: readonly ConversationId[]): Promise<Record<string, string>> {
    await this.run(this.life.tables.flush());
    return this.storedRows(conversationIds);
  }

  /** What of it is on the disk. */
  async storedRows(conversationIds: readonly ConversationId[]): Promise<Record<string, string>> {
    const tables = new MemoryTables(this.tableStore, this.time);
    const rows: Record<string, string> = {};
    for (const conversationId of conversationIds) {
      for (const table of TABLES) {
        const query = { table, partition: [TENANT, conversationId], limit: 10_000 };
        for (const { sort, value } of await tables.range(query)) {
          const name = [table.name, conversationId, ...sort].join("/");
          rows[name] = Buffer.from(value).toString("hex");
        }
      }
    }
    return rows;
  }

  /** What each conversation told to whom, in order; the order between conversations is that of the user log alone. */
  emitted(): Record<string, string[]> {
    const told: Record<string, string[]> = {};
    for (const [partition, { records }] of this.userLogStore.partitions.entries()) {
      const spreads = records.flatMap(({ payload }) => decode(UserRecord, payload).spreads);
      for (const { userIds, event } of spreads) {
        const name = `${partition} ${conversationOf(decode(Event, event)) ?? ""}`;
        (told[name] ??= []).push(`${userIds.join()} ${Buffer.from(event).toString("hex")}`);
      }
    }
    return told;
  }
}

function limitsOf({
  editMinutes,
  recallMinutes,
  sharedFromMembers,
  searchBudget,
  media,
}: BenchOptions): Partial<MessageServiceOptions> {
  return {
    ...(editMinutes === undefined ? {} : { editMinutes }),
    ...(recallMinutes === undefined ? {} : { recallMinutes }),
    ...(sharedFromMembers === undefined ? {} : { sharedFromMembers }),
    ...(searchBudget === undefined ? {} : { searchBudget }),
    ...(media === undefined ? {} : { media }),
  };
}

/** The code of the failure that a call comes to, or "ok". */
export function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "ok",
    (error: unknown) => failureCode(error) ?? String(error),
  );
}

export function sending(conversationId: ConversationId, number: number, text = ""): SendRequest {
  return {
    conversationId,
    clientMessageId: `c-${number}` as ClientMessageId,
    number,
    body: textBody(text === "" ? `text ${number}` : text),
  };
}
