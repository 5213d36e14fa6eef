/**
 * The review of what was said already. Per conversation that has something to look at there is one row, with the first sequence
 * that is not reviewed; it is staged in the turn in which the message is placed, and goes when all is reviewed.
 *
 *   1. A message is reviewed at least once, whatever crashes: a checkpoint says that a record is applied only when the row that it
 *      caused is durable too, and of records that are read again after a crash the messages count as not reviewed.
 *   2. The row goes on only when what was refused before it is recalled, durably.
 *   3. Memory is bounded: beyond CONVERSATIONS_MAX with something to look at, others are left out, which is logged and counted.
 */
import type { LaterReviewer } from "@parley/contracts";
import {
  type ConversationChange,
  type ConversationChanges,
  type ConversationKey,
  type ConversationRecord,
  type Verdict,
  RecallRecord,
  conversationRecord,
} from "@parley/domain";
import { type Clock, Failure, type Logger, messageOf, partitionOf, type Scheduler } from "@parley/base";
import {
  type ConversationId,
  type Infer,
  type TenantId,
  type UserId,
  Message,
  decode,
  encode,
  filled,
  schema,
  uint,
  uints,
} from "@parley/protocol";
import type { Key, TableSpec, WriteBackTables } from "@parley/tables";
import { conversationName } from "../conversation-store.js";
import { CONVERSATION_MESSAGE, conversationPartition } from "../conversation-tables.js";
import { isUnreadable } from "../unreadable.js";
import { filesOf, type FindFile } from "./reviewed-files.js";

/** Partition (shard), sort (tenant, conversation): ReviewRow. */
export const REVIEW_PENDING: TableSpec = { name: "review-pending", keyOwner: "installation" };
export const ReviewRow = schema("ReviewRow", {
  /** Everything from here on. */
  next: uint(1),
  /** Messages before it that were edited since. */
  changed: uints(2),
});
type ReviewRow = Infer<typeof ReviewRow>;

/** Who takes back what the review refuses, as its recall says. */
export const REVIEW_ACTOR = "review" as UserId;
const SHARDS = 8;
/** Conversations that have something to look at: about 60 MB. */
export const CONVERSATIONS_MAX = 200_000;
const PAGE_ROWS = 5_000;
/** Of these, those that are looked at at a time. */
const AT_A_TIME = 8;
/** Messages of a conversation between two writes of its row. */
const MESSAGES_AT_A_TIME = 32;
/** Edited messages that a row names; beyond it, all from the first of them on are reviewed again. */
const CHANGED_MAX = 100;
const ANSWER_MS_MAX = 60_000;
/** After the first failure in a row, doubled with each further one. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 5_000;
interface Pending {
  readonly key: ConversationKey;
  next: number;
  last: number;
  changed: Set<number>;
  /** What is looked at just now: the last of the new ones, and edited ones that are left. */
  readingTo: number;
  reading: Set<number>;
  /** In a row. After the last one it waits for its turn. */
  failures: number;
  isWaiting: boolean;
}

export interface LaterReviewOptions {
  readonly reviewer: LaterReviewer;
  readonly tables: WriteBackTables;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Where there are files. */
  readonly findFile?: FindFile | undefined;
  /** As Processor.submit. */
  readonly submit: (record: ConversationRecord) => Promise<Verdict>;
}

export interface LaterReviewCounts {
  readonly accepted: number;
  readonly refused: number;
  /** Times that a conversation was left out, for too many wait. */
  readonly skipped: number;
  /** Conversations that have something to look at. */
  readonly waiting: number;
}

export class LaterReview {
  readonly #options: LaterReviewOptions;
  readonly #pending = new Map<string, Pending>();
  /** In the order in which they are looked at; each once. */
  readonly #queue = new Set<string>();
  /** How many messages records brought that were applied before the start. */
  readonly #again = new Map<string, { readonly key: ConversationKey; count: number; changed: Set<number> }>();
  #skipped = 0;
  #isRunning = false;
  readonly #working = new Set<Promise<void>>();
  #accepted = 0;
  #refused = 0;

  constructor(options: LaterReviewOptions) {
    this.#options = options;
  }

  /** Since the start, and what waits in memory. */
  counts(): LaterReviewCounts {
    const waiting = this.#pending.size;
    return { accepted: this.#accepted, refused: this.#refused, skipped: this.#skipped, waiting };
  }

  /** What a record changed. Call in the turn in which it is staged. */
  noteApplied(key: ConversationKey, { messages, changed }: ConversationChanges): void {
    if (messages.length > 0) this.#noteAgain(conversationName(key), messages[0]!.sequence - 1);
    const said = messages.filter(isReviewed);
    const edited = changed.filter(isReviewed).map(({ sequence }) => sequence);
    if (said.length === 0 && edited.length === 0) return;
    this.#note(key, { first: said[0]?.sequence, last: said.at(-1)?.sequence ?? 0, changed: edited });
  }

  /** A record that the rows contained already: what it brought may not have been noted. */
  noteReplayed(record: ConversationRecord): void {
    if (this.#isRunning) return;
    const { tenantId, conversationId } = record;
    const key = { tenantId, conversationId };
    const name = conversationName(key);
    const again = this.#again.get(name) ?? { key, count: 0, changed: new Set<number>() };
    this.#again.set(name, again);
    again.count += record.history?.items.length ?? 1;
    const changed = record.edit ?? record.cardUpdate;
    if (changed !== undefined) again.changed.add(changed.sequence);
  }

  /** Reads what waits. Call before anything is applied: what is noted then is added to it. */
  async open(): Promise<void> {
    for (let shard = 0; shard < SHARDS; shard++) {
      let from: Key | undefined;
      for (;;) {
        const rows = await this.#options.tables.range({
          table: REVIEW_PENDING,
          partition: [shard],
          limit: PAGE_ROWS,
          ...(from === undefined ? {} : { from }),
        });
        for (const { sort, value } of rows) {
          const key = { tenantId: sort[0] as TenantId, conversationId: sort[1] as ConversationId };
          const { next, changed } = decode(ReviewRow, value);
          this.#note(key, { first: next, last: await this.#lastSequence(key), changed });
        }
        if (rows.length < PAGE_ROWS) break;
        from = [rows.at(-1)!.sort[0]!, `${String(rows.at(-1)!.sort[1])}\u0000`];
      }
    }
  }

  /** Begins to look. Call when all that was acknowledged before is applied. */
  async start(): Promise<void> {
    this.#isRunning = true;
    for (const [name, { key }] of this.#again) this.#noteAgain(name, await this.#lastSequence(key));
    this.#pump();
  }

  /** Waits for what is under way. Idempotent. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#working);
  }

  /** What records brought that were applied before the start: those up to `last`, which nothing has followed yet. */
  #noteAgain(name: string, last: number): void {
    const again = this.#again.get(name);
    if (again === undefined) return;
    this.#again.delete(name);
    const { key, count, changed } = again;
    if (last > 0) this.#note(key, { first: Math.max(1, last - count + 1), last, changed: [...changed] });
  }

  #note(
    key: ConversationKey,
    what: { readonly first: number | undefined; readonly last: number; readonly changed: readonly number[] },
  ): void {
    const name = conversationName(key);
    const known = this.#pending.get(name);
    if (known === undefined && this.#pending.size >= CONVERSATIONS_MAX) {
      this.#skipped += 1;
      this.#options.logger.error("later-review-skipped", { conversations: this.#pending.size });
      return;
    }
    const pending = known ?? newPending(key, what.first ?? Number.MAX_SAFE_INTEGER);
    const before = pending.next;
    pending.next = Math.min(before, what.first ?? before);
    pending.last = Math.max(pending.last, what.last);
    const reached = Math.max(pending.next, pending.readingTo + 1);
    for (const sequence of what.changed) if (sequence < reached) pending.changed.add(sequence);
    if (pending.changed.size > CHANGED_MAX) {
      pending.next = Math.min(...pending.changed);
      pending.changed.clear();
    }
    if (known === undefined || pending.next !== before || what.changed.length > 0) this.#stage(pending);
    this.#pending.set(name, pending);
    if (pending.readingTo === 0 && !pending.isWaiting) this.#queue.add(name);
    if (this.#isRunning) this.#pump();
  }

  #pump(): void {
    for (const name of this.#queue) {
      if (!this.#isRunning || this.#working.size >= AT_A_TIME) return;
      this.#queue.delete(name);
      const work: Promise<void> = this.#look(this.#pending.get(name)!)
        .catch((error: unknown) => this.#end(error))
        .finally(() => {
          this.#working.delete(work);
          if (this.#isRunning) this.#pump();
        });
      this.#working.add(work);
    }
  }

  /** Nothing can be staged any more; the tables have said so to whoever ends the process. What waits is found by the next one. */
  #end(error: unknown): void {
    this.#isRunning = false;
    this.#options.logger.error("later-review-ended", { reason: messageOf(error) });
  }

  /**
   * Looks at some messages of a conversation. What fails is tried again later, and what is done stays done.
   * Errors: "tables-failed", "tables-closed".
   */
  async #look(pending: Pending): Promise<void> {
    const name = conversationName(pending.key);
    const { next } = pending;
    const end = Math.min(pending.last, next + MESSAGES_AT_A_TIME - 1);
    const edited = [...pending.changed].slice(0, MESSAGES_AT_A_TIME);
    for (const sequence of edited) pending.changed.delete(sequence);
    pending.reading = new Set(edited);
    pending.readingTo = Math.max(1, end);
    let reviewedTo = next - 1;
    let isPutOff = false;
    try {
      for (const sequence of edited) {
        await this.#reviewAll(pending.key, sequence, sequence);
        pending.reading.delete(sequence);
      }
      await this.#reviewAll(pending.key, next, end, (sequence) => (reviewedTo = sequence));
      reviewedTo = Math.max(reviewedTo, end);
    } catch (error) {
      this.#options.logger.warn("later-review-put-off", { reason: messageOf(error) });
      isPutOff = true;
    }
    const hasMoved = !isPutOff || reviewedTo >= next || pending.reading.size < edited.length;
    for (const sequence of pending.reading) pending.changed.add(sequence);
    pending.reading.clear();
    pending.readingTo = 0;
    // Unless so much was edited meanwhile that it begins earlier.
    if (pending.next === next) pending.next = reviewedTo + 1;
    const isDone = pending.next > pending.last && pending.changed.size === 0;
    if (isDone) this.#pending.delete(name);
    if (hasMoved) {
      this.#stage(pending, isDone);
      pending.failures = 0;
    }
    if (isPutOff) this.#retry(name, pending);
    else if (!isDone) this.#queue.add(name);
  }

  #retry(name: string, pending: Pending): void {
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** pending.failures);
    pending.failures += 1;
    pending.isWaiting = true;
    this.#options.scheduler.after(delayMs, () => {
      pending.isWaiting = false;
      this.#queue.add(name);
      if (this.#isRunning) this.#pump();
    });
  }

  /** Reviews those of a range that are there, in order. `onReviewed` is told of each that is done. */
  async #reviewAll(
    key: ConversationKey,
    first: number,
    last: number,
    onReviewed: (sequence: number) => void = () => undefined,
  ): Promise<void> {
    if (last < first) return;
    for (const message of await this.#read(key, first, last)) {
      await this.#review(key, message);
      onReviewed(message.sequence);
    }
  }

  async #review({ tenantId, conversationId }: ConversationKey, message: Message): Promise<void> {
    if (!isReviewed(message) || message.body === undefined) return;
    const { reviewer, scheduler, submit, clock, findFile } = this.#options;
    const { senderId, sequence, body } = message;
    const content = { tenantId, conversationId, senderId, sequence, body };
    const answer = reviewer.review(content, filesOf(content, findFile));
    const verdict = await new Promise<"accept" | "refuse">((resolve, reject) => {
      const timer = scheduler.after(ANSWER_MS_MAX, () =>
        reject(new Failure("unavailable", "The later review does not answer.", { retry: "same" })),
      );
      answer.then(resolve, reject).finally(() => timer.cancel());
    });
    if (verdict === "accept") {
      this.#accepted += 1;
      return;
    }
    const recall = filled(RecallRecord, { actorId: REVIEW_ACTOR, sequence, isReview: true });
    const change: ConversationChange = { recall };
    await submit(conversationRecord({ tenantId, conversationId }, clock.nowMs(), change));
    this.#refused += 1;
  }

  /** Of what can never be read again only those beside it. */
  async #read(key: ConversationKey, first: number, last: number): Promise<readonly Message[]> {
    try {
      const rows = await this.#options.tables.range({
        table: CONVERSATION_MESSAGE,
        partition: conversationPartition(key),
        from: [first],
        before: [last + 1],
        limit: last - first + 1,
      });
      return rows.map(({ value }) => decode(Message, value));
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (first < last) {
        const middle = Math.floor((first + last) / 2);
        return [...(await this.#read(key, first, middle)), ...(await this.#read(key, middle + 1, last))];
      }
      const { tenantId, conversationId } = key;
      this.#options.logger.warn("message-not-reviewed", { tenantId, conversationId, sequence: first });
      return [];
    }
  }

  async #lastSequence(key: ConversationKey): Promise<number> {
    const [last] = await this.#options.tables.range({
      table: CONVERSATION_MESSAGE,
      partition: conversationPartition(key),
      isDescending: true,
      limit: 1,
    });
    return (last?.sort[0] as number | undefined) ?? 0;
  }

  #stage({ key, next, changed, reading }: Pending, isDone = false): void {
    const sort: Key = [key.tenantId, key.conversationId];
    const row: ReviewRow = { next, changed: [...new Set([...changed, ...reading])] };
    const value = encode(ReviewRow, row);
    this.#options.tables.stage({
      partition: [partitionOf(conversationName(key), SHARDS)],
      writes: [
        isDone
          ? { kind: "delete", table: REVIEW_PENDING, sort }
          : { kind: "put", table: REVIEW_PENDING, sort, value },
      ],
    });
  }
}

function newPending(key: ConversationKey, next: number): Pending {
  return {
    key,
    next,
    last: 0,
    changed: new Set(),
    readingTo: 0,
    reading: new Set(),
    failures: 0,
    isWaiting: false,
  };
}

/** What people say: not notices, and not what was brought in from elsewhere. */
function isReviewed({ isCountable, recall }: Message): boolean {
  return isCountable && recall === undefined;
}
