/**
 * Making a tenant's or a conversation's content unreadable for ever. Order:
 *
 *   1. Everything in the logs is in the rows, and the logs forget it: no segment holds it any more.
 *   2. For a conversation: the queues of all who were ever in it begin a new epoch, and what was in them goes, from the files too.
 *      Their blocks mix conversations, so they are sealed under the tenant's key. All devices start again from the list:
 *      those that were up to date too, or they would go on listing what is not there, and when it is begun again under
 *      the same name they would take the old for the new.
 *   3. The key is destroyed.
 *
 * A stop in between is harmless: what is done stays done, and doing it again does the rest. Nobody else may be at work on the
 * installation, and what it keeps in memory is wrong afterwards: it has to be closed at once.
 */
import type { AccountStore } from "@parley/api";
import { type Clock, Failure } from "@parley/base";
import { UserHeadRow } from "@parley/domain";
import type { CompactableTables, Journal } from "@parley/engine-embedded";
import {
  ConversationEntry,
  type ConversationId,
  type TenantId,
  type UserId,
  decode,
  encode,
} from "@parley/protocol";
import { CONVERSATION_INBOX, SYNC_QUEUE, USER_HEAD, userPartition } from "@parley/sync";
import { blockTableOf, type Key, type Tables, type TableSpec, type Write } from "@parley/tables";
import type { Services } from "../wiring.js";
import type { KeyTools } from "./key-tools.js";

const USERS_PER_PAGE = 500;
const ROWS_PER_STEP = 1_000;

export interface ShreddingOptions {
  readonly clock: Clock;
  readonly services: Pick<Services, "checkpoint" | "epoch"> & {
    readonly accounts: Pick<AccountStore, "listUsers">;
  };
  readonly journal: Pick<Journal, "roll" | "stats">;
  /** As the engine holds them: rows and blocks. */
  readonly stored: Tables;
  readonly engine: Pick<CompactableTables, "compact">;
  readonly keys: KeyTools;
}

/** Errors: "tenant-has-no-key", "logs-not-empty". */
export async function shredTenant(options: ShreddingOptions, tenantId: TenantId): Promise<void> {
  await emptyLogs(options);
  await options.keys.shredTenant(tenantId);
}

/** Resolves with how many users' queues went; `onProgress` is told how far it has come, from 0 to 1.
 * Errors: "tenant-has-no-key", "shred-limit", "logs-not-empty". */
export async function shredConversation(
  options: ShreddingOptions,
  { tenantId, conversationId }: { readonly tenantId: TenantId; readonly conversationId: ConversationId },
  onProgress: (share: number) => void,
): Promise<number> {
  await emptyLogs(options);
  const userIds = await usersOf(options, tenantId, conversationId);
  const queueTables = [SYNC_QUEUE, blockTableOf(SYNC_QUEUE)];
  // First what is there goes into files: LevelDB would write it and its deletion into one file and merge that no more.
  if (userIds.length > 0) for (const table of queueTables) await options.engine.compact(table);
  for (const [index, userId] of userIds.entries()) {
    const partition = userPartition(tenantId, userId);
    await beginAnew(options, partition, conversationId);
    for (const table of queueTables) await clear(options.stored, table, partition);
    onProgress((index + 1) / (userIds.length + 1));
  }
  if (userIds.length > 0) for (const table of queueTables) await options.engine.compact(table);
  await options.keys.shredConversation(tenantId, conversationId);
  return userIds.length;
}

async function emptyLogs({ services, journal }: ShreddingOptions): Promise<void> {
  await services.checkpoint();
  await journal.roll();
  if (journal.stats().segments === 1) return;
  throw new Failure("logs-not-empty", "The log still holds records that are not applied. Try again.", {
    retry: "same",
  });
}

/** Gives a user's queue a new epoch. A conversation that nobody can read any more is not counted as pinned. */
async function beginAnew(
  { stored, services, clock }: ShreddingOptions,
  partition: Key,
  conversationId: ConversationId,
): Promise<void> {
  const row = await stored.find(USER_HEAD, partition, []);
  if (row === undefined) return;
  const head = decode(UserHeadRow, row);
  const epoch = Math.max(clock.nowMs(), Math.max(head.epoch, services.epoch) + 1);
  const kept = await stored.find(CONVERSATION_INBOX, partition, [conversationId]);
  const entry = kept && decode(ConversationEntry, kept);
  const pinned = head.pinned - (entry !== undefined && entry.pinnedMs > 0 ? 1 : 0);
  const writes: Write[] = [
    { kind: "put", table: USER_HEAD, sort: [], value: encode(UserHeadRow, { ...head, epoch, pinned }) },
  ];
  // In the same batch: when it is done again, it was counted once.
  if (entry !== undefined && pinned !== head.pinned)
    writes.push({
      kind: "put",
      table: CONVERSATION_INBOX,
      sort: [conversationId],
      value: encode(ConversationEntry, { ...entry, pinnedMs: 0 }),
    });
  await stored.write([{ partition, writes }], { isDurable: true });
}

/** Those in whose list the conversation is or was. */
async function usersOf(
  { services, stored }: ShreddingOptions,
  tenantId: TenantId,
  conversationId: ConversationId,
): Promise<readonly UserId[]> {
  const found: UserId[] = [];
  for (let after = ""; ;) {
    const page = await services.accounts.listUsers(tenantId, { prefix: "", after, limit: USERS_PER_PAGE });
    const keys = page.users.map(({ userId }) => ({
      partition: userPartition(tenantId, userId),
      sort: [conversationId],
    }));
    const entries = await stored.findMany(CONVERSATION_INBOX, keys);
    found.push(...page.users.filter((_, index) => entries[index] !== undefined).map(({ userId }) => userId));
    if (page.next === "") return found;
    after = page.next;
  }
}

async function clear(tables: Tables, table: TableSpec, partition: Key): Promise<void> {
  for (;;) {
    const rows = await tables.range({ table, partition, limit: ROWS_PER_STEP });
    if (rows.length === 0) return;
    const writes = rows.map(({ sort }) => ({ kind: "delete" as const, table, sort }));
    await tables.write([{ partition, writes }], { isDurable: true });
  }
}
