/**
 * The Processor: consumes the conversation log, one loop per partition, and applies the conversation machine.
 *
 *   read batch ─► load missing states ─► per record: load the message it changes ─► apply ─► stage rows ─► emit to the user log ─► answer the waiter
 *
 * Rows are flushed to the tables only after what was emitted before them is durable in the user log (`emitted`), so a
 * record that the rows contain never needs to be emitted again.
 */
import type { TopicListener } from "@parley/contracts";
import {
  type ConversationChanges,
  type ConversationKey,
  type ConversationState,
  type NeededRows,
  type Verdict,
  ConversationRecord,
  applyConversationRecord,
  forgetNeeded,
  neededBy,
  refused,
  senderKey,
} from "@parley/domain";
import { type Log, type LogRecord, LogConsumer, appendFailure } from "@parley/logs";
import { Failure, type Logger, messageOf, partitionOf } from "@parley/base";
import { decode, encode } from "@parley/protocol";
import { type ConversationStore, conversationName } from "./conversation-store.js";
import type { Emitter } from "./emitter.js";
import type { LaterReview } from "./review/later-review.js";
import { isUnreadable } from "./unreadable.js";

const BATCH_RECORDS_MAX = 1024;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** Authors that wait for a verdict, per partition. */
const WAITERS_MAX = 20_000;
interface Waiter {
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: unknown) => void;
}

/** A record has passed, applied now or found applied at a replay; then there are no changes. */
export type OnApplied = (
  at: { readonly partition: number; readonly offset: number; readonly record: ConversationRecord },
  state: ConversationState,
  changes: ConversationChanges | undefined,
) => void;

export interface ProcessorOptions {
  readonly log: Log;
  readonly store: ConversationStore;
  readonly emitter: Emitter;
  readonly logger: Logger;
  readonly topics: TopicListener;
  /** Where to begin: everything below is contained in durable rows. */
  readonly startOffset: (partition: number) => number;
  /** The process must stop: the log, the tables or the machine failed. */
  readonly onFailure: (error: unknown) => void;
  /** Resolves when more rows may be staged. */
  readonly waitForRoom: () => Promise<void>;
  /** Told in the order of the log, after the rows are staged and before the author has the verdict. */
  readonly onApplied?: readonly OnApplied[];
  /** Hears of what is said, to look at it later. */
  readonly laterReview?: Pick<LaterReview, "noteApplied" | "noteReplayed">;
}

export class Processor {
  readonly #options: ProcessorOptions;
  readonly #consumer: LogConsumer;
  readonly #waiters: Map<number, Waiter>[];
  #submittedCount = 0;

  constructor(options: ProcessorOptions) {
    this.#options = options;
    this.#waiters = Array.from({ length: options.log.partitionCount }, () => new Map<number, Waiter>());
    this.#consumer = new LogConsumer({
      log: options.log,
      startOffset: options.startOffset,
      limits: { recordsMax: BATCH_RECORDS_MAX, bytesMax: BATCH_BYTES_MAX },
      handle: (partition, records) => this.#handle(partition, records),
      onFailure: (error) => this.#fail(error),
    });
  }

  start(): void {
    this.#consumer.start();
  }

  /**
   * Resolves when everything that was durable at the call is applied: reads then see all that was acknowledged before.
   * Errors: "consumer-stopped".
   */
  async recovered(): Promise<void> {
    const { log } = this.#options;
    const partitions = Array.from({ length: log.partitionCount }, (_, partition) => partition);
    await Promise.all(
      partitions.map((partition) => this.#consumer.waitApplied(partition, log.durableEnd(partition))),
    );
  }

  /** Whether the state in memory is what the machine would decide by about a record that came now. */
  isCurrent(key: ConversationKey): boolean {
    const { log } = this.#options;
    const partition = partitionOf(conversationName(key), log.partitionCount);
    return this.#consumer.appliedEnd(partition) === log.appendedEnd(partition);
  }

  /** Authors that wait for a verdict. */
  get waitingCount(): number {
    return this.#waiters.reduce((count, waiters) => count + waiters.size, 0);
  }

  /** Records that authors have asked for since the start. */
  get submittedCount(): number {
    return this.#submittedCount;
  }

  /** The offset below which every record of the partition is applied. */
  appliedEnd(partition: number): number {
    return this.#consumer.appliedEnd(partition);
  }

  /**
   * Appends a record and resolves with the machine's verdict on it. The order of calls is the order in the log.
   * Errors: "storage-full", "unavailable", "outcome-unknown".
   */
  submit(record: ConversationRecord): Promise<Verdict> {
    this.#submittedCount += 1;
    const { log } = this.#options;
    const partition = partitionOf(conversationName(record), log.partitionCount);
    const waiters = this.#waiters[partition]!;
    if (waiters.size >= WAITERS_MAX) {
      return Promise.reject(
        new Failure("unavailable", "Too many records wait for the log.", {
          retry: "same",
          retryAfterMs: 500,
        }),
      );
    }
    return new Promise<Verdict>((resolve, reject) => {
      const offset = log.appendedEnd(partition);
      const waiter: Waiter = { resolve, reject };
      waiters.set(offset, waiter);
      log
        .append(partition, encode(ConversationRecord, record), undefined, record.tenantId)
        .catch((error: unknown) => {
          // After a refused write the log gives the same offset again, maybe already to another.
          if (waiters.get(offset) === waiter) waiters.delete(offset);
          reject(appendFailure(error));
        });
    });
  }

  async stop(): Promise<void> {
    await this.#consumer.stop();
    this.#rejectAll();
  }

  async #handle(partition: number, records: readonly LogRecord[]): Promise<void> {
    await this.#options.waitForRoom();
    const decoded = records.map((record) => this.#decode(partition, record));
    const loading = this.#load(partition, decoded);
    if (loading.length > 0) await Promise.all(loading);
    for (let index = 0; index < records.length; index++) {
      const record = decoded[index];
      const { offset } = records[index]!;
      if (record === undefined) this.#takeWaiter(partition, offset)?.resolve(refused("bad-request"));
      else {
        const state = this.#options.store.find(record, partition) as ConversationState;
        const needed = neededBy(state, record);
        // Only now: the records before it may have written the rows.
        if (needed !== undefined) await this.#loadNeeded(state, needed);
        this.#apply({ partition, offset, record }, state);
      }
    }
    this.#options.store.evict(partition);
  }

  /**
   * A record that cannot be read is the same for every replay: it is reported and has no effect. One whose key was destroyed
   * has none either, and nothing remains to report.
   */
  #decode(partition: number, record: LogRecord): ConversationRecord | undefined {
    if (record.isDestroyed === true) return undefined;
    try {
      return decode(ConversationRecord, record.payload);
    } catch (error) {
      this.#options.logger.error("poison-record", {
        log: "conversation",
        partition,
        offset: record.offset,
        error: messageOf(error),
      });
      return undefined;
    }
  }

  /** Loads states one after another per conversation, so that no state is loaded twice. */
  #load(partition: number, records: readonly (ConversationRecord | undefined)[]): Promise<void>[] {
    const { store } = this.#options;
    const chains = new Map<string, Promise<void>>();
    for (const record of records) {
      if (record === undefined) continue;
      const state = store.find(record, partition);
      const sender =
        record.send === undefined
          ? undefined
          : { userId: record.send.senderId, deviceId: record.send.deviceId };
      if (
        state !== undefined &&
        (sender === undefined || state.senders.has(senderKey(sender.userId, sender.deviceId)))
      )
        continue;
      const name = conversationName(record);
      const { tenantId, conversationId } = record;
      const load = (): Promise<void> => store.load({ tenantId, conversationId }, sender);
      chains.set(name, (chains.get(name) ?? Promise.resolve()).then(load));
    }
    return [...chains.values()];
  }

  #takeWaiter(partition: number, offset: number): Waiter | undefined {
    const waiters = this.#waiters[partition]!;
    const waiter = waiters.get(offset);
    if (waiter !== undefined) waiters.delete(offset);
    return waiter;
  }

  #apply(at: Parameters<OnApplied>[0], state: ConversationState): void {
    const { partition, offset, record } = at;
    const waiter = this.#takeWaiter(partition, offset);
    const { store, emitter } = this.#options;
    const { verdict, changes, emissions } = applyConversationRecord(state, record, offset);
    forgetNeeded(state);
    if (changes !== undefined) {
      store.stage(state, changes, record.timeMs);
      this.#options.laterReview?.noteApplied(state.key, changes);
      this.#spreadTopic(state, changes);
    } else if (state.head !== undefined && offset < state.head.applied)
      this.#options.laterReview?.noteReplayed(record);
    for (const tell of this.#options.onApplied ?? []) tell(at, state, changes);
    if (emissions.length > 0) {
      const { tenantId, timeMs } = record;
      emitter.emit({ producer: `conversation/${partition}`, offset }, { tenantId, timeMs, emissions });
    }
    waiter?.resolve(verdict);
  }

  /** Nobody may hear what is told after leaving: who left goes first. */
  #spreadTopic({ key, head }: ConversationState, { members, topic }: ConversationChanges): void {
    if (head?.isShared !== true) return;
    const { topics } = this.#options;
    const left = members.flatMap(({ userId, row }) => (row === undefined ? [userId] : []));
    if (left.length > 0) topics.onLeft(key, left);
    if (topic.length > 0) topics.onTold(key, head.topicPts - topic.length + 1, topic);
  }

  /** A row that is damaged is as one that is not there: a record that threw would end every start of the server. */
  async #loadNeeded(state: ConversationState, needed: NeededRows): Promise<void> {
    const { store } = this.#options;
    for (const sequence of needed.targets)
      await this.#unlessUnreadable(state, sequence, () => store.loadTarget(state, sequence));
    const sequence = needed.sums[0];
    if (sequence !== undefined)
      await this.#unlessUnreadable(state, sequence, () => store.loadReactions(state, needed));
    if (needed.module !== undefined) await store.loadGiven(state, needed.module);
    const { cards } = needed;
    const card = cards?.sequences[0];
    if (cards !== undefined && card !== undefined)
      await this.#unlessUnreadable(state, card, () => store.loadCards(state, cards));
  }

  async #unlessUnreadable(
    { key }: ConversationState,
    sequence: number,
    load: () => Promise<void>,
  ): Promise<void> {
    try {
      await load();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const { tenantId, conversationId } = key;
      const { logger } = this.#options;
      logger.error("message-unreadable", { tenantId, conversationId, sequence, error: messageOf(error) });
    }
  }

  #fail(error: unknown): void {
    this.#rejectAll();
    this.#options.onFailure(error);
  }

  #rejectAll(): void {
    const failure = new Failure("outcome-unknown", "The server stopped before it could answer.", {
      retry: "same",
    });
    for (const waiters of this.#waiters) {
      for (const waiter of waiters.values()) waiter.reject(failure);
      waiters.clear();
    }
  }
}
