/** The message service on manual time, over logs and tables in memory that survive its crashes. */
import type { SendRequest, SendResult, Session } from "@parley/contracts";
import { Failure, createUlidSource, failureCode, sleep } from "@parley/base";
import { ManualTime, RecordingLogger, manualAmbient } from "@parley/base/testing";
import { UserRecord } from "@parley/domain";
import { type AppendResult, MemoryLog, MemoryLogStore, type RecordSource } from "@parley/logs";
import {
  type ClientMessageId,
  type ConversationId,
  type DeviceId,
  type Message,
  type SessionId,
  type TenantId,
  type UserId,
  Event,
  conversationOf,
  decode,
} from "@parley/protocol";
import {
  type Batch,
  type Key,
  type RangeQuery,
  type Row,
  type TableSpec,
  MemoryTableStore,
  MemoryTables,
  WriteBackTables,
} from "@parley/tables";
import { ConversationStore } from "../conversation-store.js";
import {
  CONVERSATION_EDIT,
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
  CONVERSATION_SEND,
} from "../conversation-tables.js";
import { Emitter } from "../emitter.js";
import { Importing } from "../importing.js";
import { Keeping } from "../keeping.js";
import { MessageService } from "../message-service.js";
import { Processor } from "../processor.js";

export interface BenchOptions {
  readonly partitionCount?: number;
  readonly conversationsMax?: number;
  readonly sendersMax?: number;
  readonly dirtyBytesMax?: number;
  /** Reads of the tables take up to this long. */
  readonly readMs?: number;
  readonly editMinutes?: number;
  readonly recallMinutes?: number;
}

export const TENANT = "acme" as TenantId;
const TABLES = [
  CONVERSATION_EDIT,
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
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
  readonly message: MessageService;
  readonly importing: Importing;
  readonly keeping: Keeping;
  readonly failures: unknown[] = [];

  constructor(bench: MessageBench) {
    const { time, logger, users } = bench;
    const { clock, scheduler, random } = manualAmbient(time, logger, bench.nextSeed());
    const onFailure = (error: unknown): void => void this.failures.push(error);
    this.log = new FaultyLog(bench.logStore, scheduler);
    this.userLog = new FaultyLog(bench.userLogStore, scheduler);
    this.engine = new FaultyTables(bench.tableStore, time, bench.options);
    const emitter = new Emitter(this.userLog, onFailure);
    this.tables = new WriteBackTables({
      tables: this.engine,
      clock,
      scheduler,
      beforeFlush: () => emitter.durable(),
      dirtyBytesMax: bench.options.dirtyBytesMax ?? 64 * 1024 * 1024,
      onFailure,
    });
    const { partitionCount } = this.log;
    const store = new ConversationStore({ tables: this.tables, partitionCount, ...bench.options });
    this.processor = new Processor({
      log: this.log,
      store,
      emitter,
      logger,
      startOffset: () => 0,
      onFailure,
      waitForRoom: () => this.tables.waitForRoom(),
    });
    const newMessageId = createUlidSource(clock, random);
    this.message = new MessageService({
      processor: this.processor,
      store,
      tables: this.tables,
      sync: { submit: async () => ({ kind: "done" }), hiddenSequences: async () => bench.hidden },
      accounts: {
        findUsers: async (_tenantId, userIds) =>
          userIds.map((userId) => (users.has(userId) ? { userId, name: userId } : undefined)),
      },
      clock,
      newMessageId,
      ...(bench.options.editMinutes === undefined ? {} : { editMinutes: bench.options.editMinutes }),
      ...(bench.options.recallMinutes === undefined ? {} : { recallMinutes: bench.options.recallMinutes }),
    });
    this.importing = new Importing({
      processor: this.processor,
      service: this.message,
      newMessageId,
      clock,
    });
    this.keeping = new Keeping({ processor: this.processor, clock });
    this.processor.start();
  }
}

export class MessageBench {
  readonly time = new ManualTime();
  readonly logger = new RecordingLogger();
  readonly users = new Set<string>(["ann", "bob", "cy", "eve"]);
  /** What everybody has deleted for themselves. */
  hidden: readonly number[] = [];
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
    await this.run(this.life.processor.stop());
    this.life = new Life(this);
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
    body: { text: { text: text === "" ? `text ${number}` : text }, notice: undefined },
  };
}
