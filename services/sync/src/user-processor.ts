/**
 * Consumes the user log, one loop per partition, and applies the user machine: every event gets its PTS in every
 * receiver's queue, and is then handed to the feeds of the devices that are connected. Only durable records come here,
 * so only durable PTS are shown.
 */
import { Failure, type Logger, messageOf, partitionOf } from "@parley/base";
import {
  type UserState,
  type UserStep,
  type Verdict,
  UserRecord,
  applyUserRecord,
  refused,
  stepsOf,
} from "@parley/domain";
import { type Log, LogConsumer, type LogRecord, appendFailure } from "@parley/logs";
import { type TenantId, type UserId, decode, encode } from "@parley/protocol";
import type { FeedRegistry } from "./feed-registry.js";
import type { QueueListener } from "./queue-listener.js";
import type { NeededOfUser, UserStates, UserStore } from "./user-store.js";
import { userKey } from "./user-tables.js";

const BATCH_RECORDS_MAX = 1024;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
const WAITERS_MAX = 10_000;

export interface UserProcessorOptions {
  readonly log: Log;
  readonly store: UserStore;
  readonly feeds: FeedRegistry;
  readonly listener?: QueueListener | undefined;
  readonly logger: Logger;
  readonly startOffset: (partition: number) => number;
  readonly onFailure: (error: unknown) => void;
  readonly waitForRoom: () => Promise<void>;
}

interface Decoded {
  readonly record: UserRecord;
  readonly steps: readonly UserStep[];
}

interface Waiter {
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: unknown) => void;
}

export class UserProcessor {
  readonly #options: UserProcessorOptions;
  readonly #consumer: LogConsumer;
  readonly #waiters: readonly Map<number, Waiter>[];
  readonly #states: readonly UserStates[];

  constructor(options: UserProcessorOptions) {
    this.#options = options;
    const { partitionCount } = options.log;
    this.#waiters = Array.from({ length: partitionCount }, () => new Map<number, Waiter>());
    this.#states = Array.from({ length: partitionCount }, () => options.store.openStates(partitionCount));
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

  appliedEnd(partition: number): number {
    return this.#consumer.appliedEnd(partition);
  }

  /** Resolves when everything appended so far for this user is applied. Errors: "unavailable". */
  async caughtUp(tenantId: TenantId, userId: UserId): Promise<void> {
    const { log } = this.#options;
    const partition = partitionOf(userKey(tenantId, userId), log.partitionCount);
    const end = log.appendedEnd(partition);
    if (this.#consumer.appliedEnd(partition) >= end) return;
    try {
      await this.#consumer.waitApplied(partition, end);
    } catch (cause) {
      throw new Failure("unavailable", "The server cannot read this now.", {
        retry: "same",
        retryAfterMs: 500,
        cause,
      });
    }
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

  /**
   * Appends a record of one user; resolves with the machine's verdict.
   * Errors: "storage-full", "unavailable", "outcome-unknown".
   */
  submit(tenantId: TenantId, userId: UserId, record: UserRecord): Promise<Verdict> {
    const { log } = this.#options;
    const partition = partitionOf(userKey(tenantId, userId), log.partitionCount);
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
      log.append(partition, encode(UserRecord, record), undefined, tenantId).catch((error: unknown) => {
        // After a refused write the log gives the same offset again, maybe already to another.
        if (waiters.get(offset) === waiter) waiters.delete(offset);
        reject(appendFailure(error));
      });
    });
  }

  /**
   * Appends a record for each partition of these users; resolves with the machine's verdicts when all are applied. `recordFor`
   * makes the record of some of them. Errors: as `submit`; what is repeated then completes what was done in part.
   */
  submitToMany(
    tenantId: TenantId,
    userIds: readonly UserId[],
    recordFor: (userIds: readonly UserId[]) => UserRecord,
  ): Promise<readonly Verdict[]> {
    const { partitionCount } = this.#options.log;
    const byPartition = new Map<number, UserId[]>();
    for (const userId of userIds) {
      const partition = partitionOf(userKey(tenantId, userId), partitionCount);
      const together = byPartition.get(partition);
      if (together === undefined) byPartition.set(partition, [userId]);
      else together.push(userId);
    }
    const each = [...byPartition.values()];
    return Promise.all(each.map((together) => this.submit(tenantId, together[0]!, recordFor(together))));
  }

  async stop(): Promise<void> {
    await this.#consumer.stop();
    this.#rejectAll();
  }

  async #handle(partition: number, records: readonly LogRecord[]): Promise<void> {
    await this.#options.waitForRoom();
    const decoded = records.map((record) => this.#decode(partition, record));
    await this.#load(this.#states[partition]!, decoded);
    for (let index = 0; index < records.length; index++)
      this.#apply(partition, records[index]!.offset, decoded[index]);
    this.#states[partition]!.evict();
  }

  /** Undefined for a record without effect: one that cannot be read, and one whose key was destroyed. */
  #decode(partition: number, record: LogRecord): Decoded | undefined {
    if (record.isDestroyed === true) return undefined;
    try {
      const user = decode(UserRecord, record.payload);
      return { record: user, steps: stepsOf(user) };
    } catch (error) {
      this.#options.logger.error("poison-record", {
        log: "user",
        partition,
        offset: record.offset,
        error: messageOf(error),
      });
      return undefined;
    }
  }

  async #load(states: UserStates, batch: readonly (Decoded | undefined)[]): Promise<void> {
    const needed = new Map<string, NeededOfUser & { readonly tenantId: TenantId; readonly userId: UserId }>();
    for (const decoded of batch) {
      if (decoded === undefined) continue;
      const { tenantId } = decoded.record;
      for (const step of decoded.steps) {
        for (const userId of step.userIds) {
          if (states.isReady(tenantId, userId, step)) continue;
          const key = userKey(tenantId, userId);
          let need = needed.get(key);
          if (need === undefined) {
            need = { tenantId, userId, conversationIds: new Set(), modules: new Map() };
            needed.set(key, need);
          }
          if (step.conversationId !== undefined) need.conversationIds.add(step.conversationId);
          if (step.onceKey !== undefined) need.modules.set(step.onceKey, step.event.module!);
        }
      }
    }
    if (needed.size === 0) return;
    await Promise.all([...needed.values()].map((need) => states.load(need.tenantId, need.userId, need)));
  }

  #apply(partition: number, offset: number, decoded: Decoded | undefined): void {
    const waiter = this.#waiters[partition]!.get(offset);
    if (waiter !== undefined) this.#waiters[partition]!.delete(offset);
    if (decoded === undefined) {
      waiter?.resolve(refused("bad-request"));
      return;
    }
    const { feeds, listener } = this.#options;
    const states = this.#states[partition]!;
    const { record, steps } = decoded;
    const find = (userId: UserId): UserState => states.find(record.tenantId, userId)!;
    const { outcomes, verdict } = applyUserRecord(record, offset, steps, find);
    for (const outcome of outcomes) {
      states.stage(outcome, record.timeMs, listener?.onOutcome(outcome, record.timeMs));
      feeds.deliver(outcome);
    }
    waiter?.resolve(verdict);
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
