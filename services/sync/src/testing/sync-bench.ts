/** The sync service on manual time, over a user log and tables in memory that survive its crashes. */
import assert from "node:assert/strict";
import type { Feed, FeedSink, Position, Session } from "@parley/contracts";
import { type Failure, failureCode, partitionOf, sleep } from "@parley/base";
import { ManualTime, RecordingLogger } from "@parley/base/testing";
import { type Verdict, HideRecord, UserRecord } from "@parley/domain";
import { type AppendResult, MemoryLog, MemoryLogStore } from "@parley/logs";
import {
  type ConversationEntry,
  type ConversationId,
  type DeviceId,
  type Init,
  type MessageId,
  type SessionId,
  type TenantId,
  type UserId,
  Event,
  decode,
  encode,
  textBody,
  AS_SENT,
  JoinedEvent,
  filled,
} from "@parley/protocol";
import {
  type Key,
  type RangeQuery,
  type Row,
  type TableSpec,
  MemoryTableStore,
  MemoryTables,
  WriteBackTables,
} from "@parley/tables";
import { FeedRegistry } from "../feed-registry.js";
import { TopicFeeds } from "../topic-feeds.js";
import { ScriptedTopics } from "./scripted-topics.js";
import { NotifySettings } from "../notify-settings.js";
import { SyncService } from "../sync-service.js";
import { UserProcessor } from "../user-processor.js";
import { UserStore } from "../user-store.js";
import {
  CONVERSATION_INBOX,
  DEVICE,
  DeviceRow,
  MESSAGE_INBOX,
  MODULE_EVENT,
  MODULE_NEWEST,
  SYNC_QUEUE,
  USER_HEAD,
  userKey,
} from "../user-tables.js";

export const TENANT = "acme" as TenantId;
export const EPOCH = 77;
export const RETENTION_MS = 1_000_000;
const ROWS = [USER_HEAD, SYNC_QUEUE, CONVERSATION_INBOX, MESSAGE_INBOX, MODULE_EVENT, MODULE_NEWEST];

export interface BenchOptions {
  readonly partitionCount?: number;
  readonly usersMax?: number;
  readonly entriesMax?: number;
  readonly rebaseEventsMax?: number;
  readonly rebaseBytesMax?: number;
  /** Reads of the tables take up to this long. */
  readonly readMs?: number;
}

/** A log that can be told to refuse. */
class RefusingLog extends MemoryLog {
  refusal: Failure | undefined;

  override append(...what: Parameters<MemoryLog["append"]>): Promise<AppendResult> {
    return this.refusal === undefined ? super.append(...what) : Promise.reject(this.refusal);
  }
}

/** Some reads are slower than others, so that loops overtake each other; all can be made to fail. */
class SlowTables extends MemoryTables {
  failure: Error | undefined;
  readonly #time: ManualTime;
  readonly #readMs: number;
  #reads = 0;

  constructor(store: MemoryTableStore, time: ManualTime, readMs: number) {
    super(store, time);
    this.#time = time;
    this.#readMs = readMs;
  }

  override async find(table: TableSpec, partition: Key, sort: Key): Promise<Uint8Array | undefined> {
    await this.#wait();
    return super.find(table, partition, sort);
  }

  override async range(query: RangeQuery): Promise<readonly Row[]> {
    await this.#wait();
    return super.range(query);
  }

  async #wait(): Promise<void> {
    this.#reads += 1;
    if (this.#readMs > 0) await sleep(this.#time, (this.#reads * 7) % this.#readMs);
    if (this.failure !== undefined) throw this.failure;
  }
}

/** Counts the feeds that it holds. */
class CountingRegistry extends FeedRegistry {
  count = 0;

  override add(...what: Parameters<FeedRegistry["add"]>): void {
    this.count += 1;
    super.add(...what);
  }

  override remove(...what: Parameters<FeedRegistry["remove"]>): void {
    this.count -= 1;
    super.remove(...what);
  }
}

/** The service between two crashes. */
class Life {
  readonly log: RefusingLog;
  readonly engine: SlowTables;
  readonly tables: WriteBackTables;
  readonly processor: UserProcessor;
  readonly sync: SyncService;
  readonly settings: NotifySettings;
  readonly feeds = new CountingRegistry();
  /** How far devices said that they are in topics. */
  readonly topicConfirmations: string[] = [];
  readonly topicFeeds = new TopicFeeds(() => EPOCH, {
    onTopicConfirmed: ({ userId }, conversationId, pts) =>
      void this.topicConfirmations.push(`${userId} ${conversationId} ${pts}`),
  });
  readonly failures: unknown[] = [];

  constructor(bench: SyncBench) {
    const { time, options } = bench;
    const onFailure = (error: unknown): void => void this.failures.push(error);
    this.log = new RefusingLog(bench.logStore, time);
    this.engine = new SlowTables(bench.tableStore, time, options.readMs ?? 0);
    this.tables = new WriteBackTables({ tables: this.engine, clock: time, scheduler: time, onFailure });
    const { usersMax = 50_000, entriesMax = 1_000, rebaseEventsMax = 2_000 } = options;
    const rebase = {
      events: rebaseEventsMax,
      bytes: options.rebaseBytesMax ?? 1024 * 1024,
      catchUpMs: 8_000,
    };
    const store = new UserStore({
      tables: this.tables,
      epochOf: () => EPOCH,
      retentionMs: RETENTION_MS,
      usersMax,
      entriesMax,
    });
    const { feeds } = this;
    this.processor = new UserProcessor({
      log: this.log,
      store,
      feeds,
      logger: bench.logger,
      startOffset: () => 0,
      onFailure,
      waitForRoom: () => this.tables.waitForRoom(),
    });
    const { processor, tables } = this;
    const { topics } = bench;
    this.sync = new SyncService({
      processor,
      store,
      tables,
      feeds,
      topics,
      topicFeeds: this.topicFeeds,
      clock: time,
      scheduler: time,
      rebase,
    });
    this.settings = new NotifySettings({ processor, tables, clock: time });
    this.processor.start();
  }
}

/** What a device was given. It checks F1 with each event: the next one, and of its own queue. */
export class Sink implements FeedSink {
  readonly rebases: string[] = [];
  readonly events: Event[] = [];
  /** Places and ids of copies. */
  readonly aheads: string[] = [];
  /** Sizes of the pushes, in events. */
  readonly pushes: number[] = [];
  room = true;
  failures = 0;
  caughtUps = 0;
  /** Where the device is; what is pushed next must follow it. */
  position: Position;

  constructor(position: Position) {
    this.position = position;
  }

  push(epoch: number, firstPts: number, events: readonly Uint8Array[]): void {
    assert.deepEqual({ epoch, firstPts }, { epoch: this.position.epoch, firstPts: this.position.pts + 1 });
    assert.ok(events.length > 0);
    this.position = { epoch, pts: firstPts + events.length - 1 };
    this.pushes.push(events.length);
    this.events.push(...events.map((event) => decode(Event, event)));
  }

  ahead(_epoch: number, pts: number, event: Uint8Array): void {
    this.aheads.push(`${pts} ${decode(Event, event).module?.id}`);
  }

  rebase(position: Position, reason: string): void {
    this.position = position;
    this.rebases.push(reason);
  }

  caughtUp(): void {
    this.caughtUps += 1;
  }

  hasRoom(): boolean {
    return this.room;
  }

  fail(): void {
    this.failures += 1;
  }

  /** The sequences of the messages that were pushed. */
  get sequences(): number[] {
    return this.events.flatMap((event) => (event.message === undefined ? [] : [event.message.sequence]));
  }
}

/** What a device was given of topics. It checks F1 for each of them; of its queue it takes no notice. */
export class TopicSink implements FeedSink {
  /** Where the device is in each topic. */
  readonly positions = new Map<ConversationId, number>();
  readonly rebases: string[] = [];
  readonly #told = new Map<ConversationId, number[]>();
  readonly #epoch: number;

  constructor({ epoch }: Position) {
    this.#epoch = epoch;
  }

  #eventBytesMax = 0;

  /** What `count` of the events that it was told take at most. */
  bytesAtMost(count: number): number {
    return count * this.#eventBytesMax;
  }

  /** The sequences of the messages that it was told; of a void place the negative one; 0 for an empty event. */
  told(conversationId: ConversationId): readonly number[] {
    return this.#told.get(conversationId) ?? [];
  }

  push(
    epoch: number,
    firstPts: number,
    events: readonly Uint8Array[],
    conversationId?: ConversationId,
  ): void {
    if (conversationId === undefined) return;
    const told = this.#told.get(conversationId) ?? [];
    this.#told.set(conversationId, told);
    const before = this.positions.get(conversationId) ?? firstPts - 1;
    assert.deepEqual({ epoch, firstPts }, { epoch: this.#epoch, firstPts: before + 1 });
    for (const bytes of events) {
      this.#eventBytesMax = Math.max(this.#eventBytesMax, bytes.length);
      const { message: said, voided } = decode(Event, bytes);
      told.push(said?.sequence ?? 0 - (voided?.sequence ?? 0));
    }
    this.positions.set(conversationId, before + events.length);
  }

  ahead(): void {
    this.rebases.push("ahead");
  }

  rebase(position: Position, reason: string, conversationId?: ConversationId): void {
    if (conversationId === undefined) return;
    this.rebases.push(`${conversationId} ${reason} ${position.pts}`);
    this.positions.set(conversationId, position.pts);
  }

  caughtUp(): void {}

  hasRoom(): boolean {
    return true;
  }

  fail(): void {
    this.rebases.push("failed");
  }
}

export class SyncBench {
  readonly time = new ManualTime();
  readonly logger = new RecordingLogger();
  readonly tableStore = new MemoryTableStore();
  readonly logStore: MemoryLogStore;
  readonly options: BenchOptions;
  /** The large groups, which no crash here reaches. */
  readonly topics = new ScriptedTopics();
  life: Life;

  constructor(options: BenchOptions = {}) {
    this.options = options;
    this.logStore = new MemoryLogStore(options.partitionCount ?? 2);
    this.life = new Life(this);
  }

  get sync(): SyncService {
    return this.life.sync;
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.time.run(promise);
  }

  /** The code of the failure that a call comes to, or "ok". */
  codeOf(promise: Promise<unknown>): Promise<string> {
    return this.run(outcomeOf(promise));
  }

  async crash(): Promise<void> {
    await this.time.settle();
    this.tableStore.crash();
    await this.run(this.life.processor.stop());
    this.life = new Life(this);
  }

  async restart(): Promise<void> {
    await this.run(this.life.tables.flush());
    await this.crash();
  }

  session(name: string, device = `${name}-phone`): Session {
    return {
      tenantId: TENANT,
      userId: name as UserId,
      deviceId: device as DeviceId,
      sessionId: `s-${device}` as SessionId,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
    };
  }

  /** Appends what the message service would emit: one record per partition of the users. */
  emit(names: readonly string[], events: readonly Init<Event>[], timeMs = this.time.nowMs()): void {
    const { partitionCount } = this.life.log;
    for (let partition = 0; partition < partitionCount; partition++) {
      const userIds = (names as readonly UserId[]).filter(
        (userId) => partitionOf(userKey(TENANT, userId), partitionCount) === partition,
      );
      if (userIds.length === 0) continue;
      const spreads = events.map((event) => ({ userIds, event: encode(Event, event) }));
      const record = encode(UserRecord, { tenantId: TENANT, timeMs, spreads });
      this.life.log.append(partition, record).catch((error: unknown) => this.life.failures.push(error));
    }
  }

  hide(name: string, conversationId: ConversationId, sequences: readonly number[]): Promise<Verdict> {
    const userId = name as UserId;
    return this.sync.submit(this.session(name), {
      tenantId: TENANT,
      timeMs: this.time.nowMs(),
      spreads: [],
      hide: filled(HideRecord, { userId, conversationId, sequences }),
      settings: undefined,
      pin: undefined,
    });
  }

  async attach(session: Session, sink: Sink): Promise<Feed> {
    return this.run(this.sync.attach(session, sink.position, sink));
  }

  /** The user's whole list, page by page. */
  async list(name: string, limit = 200): Promise<readonly ConversationEntry[]> {
    const entries: ConversationEntry[] = [];
    let cursor = "";
    do {
      const page = await this.run(this.sync.listConversations(this.session(name), { cursor, limit }));
      entries.push(...page.entries);
      cursor = page.next;
    } while (cursor !== "" && entries.length < 10_000);
    return entries;
  }

  /** Every row of the users, as text. Flushes first. */
  async rows(names: readonly string[]): Promise<Record<string, string>> {
    await this.run(this.life.tables.flush());
    const tables = new MemoryTables(this.tableStore, this.time);
    const rows: Record<string, string> = {};
    for (const name of names) {
      for (const table of ROWS) {
        for (const { sort, value } of await tables.range({
          table,
          partition: [TENANT, name],
          limit: 10_000,
        })) {
          rows[[table.name, name, ...sort].join("/")] = Buffer.from(value).toString("hex");
        }
      }
    }
    return rows;
  }

  /** The position that is kept for a device. */
  async kept(session: Session): Promise<DeviceRow | undefined> {
    const value = await this.life.tables.find(DEVICE, [TENANT, session.userId], [session.deviceId]);
    return value === undefined ? undefined : decode(DeviceRow, value);
  }
}

/** The code of the failure that a call comes to, or "ok". */
export function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "ok",
    (error: unknown) => failureCode(error) ?? String(error),
  );
}

export function joined(conversationId: string): Init<Event> {
  return {
    joined: filled(JoinedEvent, {
      conversationId: conversationId as ConversationId,
      title: `Title of ${conversationId}`,
      firstVisible: 1,
      timeMs: 1,
    }),
  };
}

export function message(conversationId: string, sequence: number, senderId = "zoe"): Init<Event> {
  return {
    message: {
      conversationId: conversationId as ConversationId,
      sequence,
      messageId: `m-${conversationId}-${sequence}` as MessageId,
      senderId: senderId as UserId,
      clientMessageId: "" as never,
      timeMs: 1_000 + sequence,
      body: textBody(`text ${sequence}`),
      isCountable: true,
      ...AS_SENT,
    },
  };
}

export function read(conversationId: string, sequence: number): Init<Event> {
  return { read: { conversationId: conversationId as ConversationId, sequence } };
}
