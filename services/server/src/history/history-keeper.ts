/**
 * What becomes of old messages: they go cold, and where it is so decided they go altogether. Every few hours it walks over all
 * conversations, whatever the rest of the server does.
 *
 *   each conversation ─► what is too old to keep: said in the log, then removed ─► what is old: into the cold tier
 *   at the end         ─► what nobody points to in the store is freed
 */
import { type Ambient, Failure, failureCode, messageOf, sleep, type Timer } from "@parley/base";
import { DAYS_NEVER, HeadRow } from "@parley/domain";
import {
  chunkOf,
  CONVERSATION_CARD,
  CONVERSATION_CARD_ACTION,
  CONVERSATION_CARD_PART,
  CONVERSATION_EDIT,
  CONVERSATION_HEAD,
  CONVERSATION_MESSAGE,
  CONVERSATION_REACTION,
  CONVERSATION_REACTION_SUM,
  CONVERSATION_SEARCH,
  type Keeping,
} from "@parley/message";
import { type ConversationId, decode, type TenantId } from "@parley/protocol";
import type { ColdRule, ColdSpace, ColdStats, Key, TableSpec } from "@parley/tables";
import type { TableStack } from "../table-stack.js";
import { requireStoredHead } from "./stored-head.js";

const DAY_MS = 24 * 60 * 60 * 1000;
/** After the start, when there is nothing else to catch up with. */
const FIRST_MS = 10 * 60 * 1000;
const EVERY_MS = 6 * 60 * 60 * 1000;
/** While others work, it pauses so many times as long as it removes rows. */
const PAUSE_FACTOR = 4;
/** What belongs to removed messages and goes with them: what they said before, their reactions, and what cards have. */
const GO_WITH_MESSAGES: readonly TableSpec[] = [
  CONVERSATION_EDIT,
  CONVERSATION_REACTION_SUM,
  CONVERSATION_REACTION,
  CONVERSATION_CARD,
  CONVERSATION_CARD_PART,
  CONVERSATION_CARD_ACTION,
];
/** Rows about removed messages that are removed at a time. */
const ROWS_PER_BATCH = 200;
/** What is cold stays cold, and nothing goes. */
const STAYS: ColdRule = { beforeMs: 0 };

/** In days; undefined is never. */
export interface HistoryPolicy {
  readonly coldAfterDays: number | undefined;
  readonly keepDays: number | undefined;
}

export const DEFAULT_POLICY: HistoryPolicy = { coldAfterDays: 90, keepDays: undefined };

/** What one walk has done. In values that survive JSON. */
export interface HistoryReport {
  readonly conversations: number;
  /** Of which some messages cannot be read. */
  readonly damagedConversations: number;
  /** Messages that went cold, that came back, and that were removed. */
  readonly movedMessages: number;
  readonly thawedMessages: number;
  readonly removedMessages: number;
  /** The store after it, and what was freed in it. */
  readonly space: ColdSpace;
  readonly tookMs: number;
}

/** In values that survive JSON. */
export interface HistoryStatus {
  readonly coldAfterDays: number | null;
  readonly keepDays: number | null;
  readonly isRunning: boolean;
  /** Of the last walk since the start. */
  readonly last: (HistoryReport & { readonly endedMs: number }) | null;
  /** Why the last one ended early. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Since the start. */
  readonly cold: Readonly<ColdStats> & { readonly reads: number; readonly aheadHits: number };
}

export interface HistoryWork {
  /** Whether others work meanwhile and come first. */
  readonly isGentle: boolean;
  /** In place of what the installation says. */
  readonly policy?: HistoryPolicy | undefined;
  readonly onProgress?: (conversations: number) => void;
}

export interface HistoryKeeperOptions {
  readonly stack: TableStack;
  readonly policy: HistoryPolicy;
  readonly keeping: Pick<Keeping, "trim">;
  readonly ambient: Ambient;
}

export class HistoryKeeper {
  readonly #options: HistoryKeeperOptions;
  #timer: Timer | undefined;
  #running: Promise<HistoryReport> | undefined;
  #last: HistoryStatus["last"] = null;
  #error: HistoryStatus["error"] = null;
  #isStopped = false;

  constructor(options: HistoryKeeperOptions) {
    this.#options = options;
  }

  get status(): HistoryStatus {
    const { policy, stack } = this.#options;
    return {
      coldAfterDays: policy.coldAfterDays ?? null,
      keepDays: policy.keepDays ?? null,
      isRunning: this.#running !== undefined,
      last: this.#last,
      error: this.#error,
      cold: stack.blocks.cold!.stats,
    };
  }

  /** Walks now and then from now on. */
  start(): void {
    this.#later(FIRST_MS);
  }

  /**
   * Walks once. Errors: "history-busy" while it does, "tables-closed", those of the tables and of the cold store. What was done
   * before stands.
   */
  async run(work: HistoryWork): Promise<HistoryReport> {
    if (this.#running !== undefined)
      throw new Failure("history-busy", "Old messages are being looked after: wait for the end of that.", {
        retry: "same",
      });
    const running = this.#walk(work);
    this.#running = running;
    try {
      const report = await running;
      this.#last = { ...report, endedMs: this.#options.ambient.clock.nowMs() };
      this.#error = null;
      return report;
    } catch (error) {
      this.#error = { code: failureCode(error) ?? "internal", message: messageOf(error) };
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  /** Nothing is begun any more; what runs ends soon. Resolves when it has. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running?.catch(() => undefined);
  }

  #later(delayMs: number): void {
    const { scheduler, logger } = this.#options.ambient;
    this.#timer = scheduler.after(delayMs, () => {
      void this.run({ isGentle: true }).then(
        (report) => {
          const { space, ...figures } = report;
          logger.info("history-kept", { ...figures, freedBytes: space.freedBytes });
          const conversations = report.damagedConversations;
          if (space.damagedObjects + conversations > 0)
            logger.error("history-damaged", { files: space.damagedObjects, conversations });
          if (!this.#isStopped) this.#later(EVERY_MS);
        },
        (error: unknown) => {
          // Nothing is lost by it: the messages stay where they are. Readers of damaged ones are told.
          if (!this.#isStopped) logger.error("history-failed", { error: messageOf(error) });
          if (!this.#isStopped) this.#later(EVERY_MS);
        },
      );
    });
  }

  async #walk({ isGentle, policy = this.#options.policy, onProgress }: HistoryWork): Promise<HistoryReport> {
    const { stack, ambient } = this.#options;
    const { clock } = ambient;
    const cold = stack.blocks.cold!;
    const beganMs = clock.monotonicMs();
    const nowMs = clock.nowMs();
    let removedMessages = 0;
    const work = { ...(isGentle ? {} : { pauseFactor: 0 }), isCancelled: () => this.#isStopped };
    const ruleOf = async (partition: Key): Promise<ColdRule> => {
      const row = await stack.tables.find(CONVERSATION_HEAD, partition, []);
      // Rows without a head are those of a conversation whose key was destroyed.
      if (row === undefined) return STAYS;
      const head = decode(HeadRow, row);
      const keepDays = daysOf(head.keepDays, policy.keepDays);
      let { firstKept } = head;
      if (keepDays !== undefined) firstKept = await this.#forget(partition, head, nowMs - keepDays * DAY_MS);
      if (firstKept > 1) removedMessages += await this.#remove(partition, firstKept, isGentle);
      if (head.coldAfterDays === DAYS_NEVER) return "hot";
      const coldAfterDays = daysOf(head.coldAfterDays, policy.coldAfterDays);
      return coldAfterDays === undefined ? STAYS : { beforeMs: nowMs - coldAfterDays * DAY_MS };
    };
    const moved = await cold.pass(CONVERSATION_MESSAGE, ruleOf, {
      ...work,
      onProgress: ({ partitions }) => onProgress?.(partitions),
    });
    const space = await cold.sweep([CONVERSATION_MESSAGE], work);
    if (this.#isStopped) throw new Failure("tables-closed", "The tables are closed.");
    return {
      conversations: moved.partitions,
      damagedConversations: moved.damagedPartitions,
      movedMessages: moved.movedRows,
      thawedMessages: moved.thawedRows,
      removedMessages,
      space,
      tookMs: clock.monotonicMs() - beganMs,
    };
  }

  /** Says in the log that what is older than a time is not kept any more, if there is any. Resolves with what is kept first. */
  async #forget(partition: Key, { firstKept, lastSequence }: HeadRow, beforeMs: number): Promise<number> {
    const { stack, keeping } = this.#options;
    const place = { table: CONVERSATION_MESSAGE, partition };
    // The newest message always stays: the lists show it.
    const before = Math.min(await stack.blocks.cold!.firstSince(place, beforeMs), lastSequence);
    const [tenantId, conversationId] = partition as readonly [TenantId, ConversationId];
    if (before <= Math.max(1, firstKept)) return firstKept;
    await keeping.trim({ tenantId, conversationId }, before);
    return before;
  }

  /** Removes the rows of what is not kept any more, whenever that was said. Resolves with how many messages went. */
  async #remove(partition: Key, firstKept: number, isGentle: boolean): Promise<number> {
    const { stack, ambient } = this.#options;
    const { clock, scheduler } = ambient;
    await requireStoredHead(stack, partition, firstKept);
    let removed = 0;
    for (;;) {
      const beganMs = clock.monotonicMs();
      const count = await stack.direct.trim(CONVERSATION_MESSAGE, partition, firstKept);
      removed += count;
      if (count === 0 || this.#isStopped) break;
      if (isGentle) await sleep(scheduler, (clock.monotonicMs() - beganMs) * PAUSE_FACTOR);
    }
    for (const table of GO_WITH_MESSAGES) await this.#removeRows(table, partition, firstKept);
    // And what searches know of their words.
    await this.#removeRows(CONVERSATION_SEARCH, partition, chunkOf(firstKept - 1) + 1);
    return removed;
  }

  /** What else is known of removed messages goes with them: most of it went with earlier runs. */
  async #removeRows(table: TableSpec, partition: Key, before: number): Promise<void> {
    const { tables } = this.#options.stack;
    const query = { table, partition, before: [before], limit: ROWS_PER_BATCH };
    while (!this.#isStopped) {
      await tables.waitForRoom();
      const rows = await tables.range(query);
      if (rows.length === 0) return;
      const writes = rows.map(({ sort }) => ({ kind: "delete" as const, table, sort }));
      tables.stage({ partition, writes });
    }
  }
}

/** What a conversation says, or else the installation; undefined is never. */
function daysOf(own: number, otherwise: number | undefined): number | undefined {
  if (own === 0) return otherwise;
  return own === DAYS_NEVER ? undefined : own;
}
