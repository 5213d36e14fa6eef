import type { ListPage, Session, TopicCalls } from "@parley/contracts";
import {
  ConversationEntry,
  type ConversationId,
  LIST_PAGE_MAX,
  countFitting,
  decode,
  parseConversationId,
} from "@parley/protocol";
import type { Key, WriteBackTables } from "@parley/tables";
import { CONVERSATION_INBOX, userPartition } from "./user-tables.js";

/**
 * One page of a user's conversation list, by conversation id: this order never changes, so what changes while pages are
 * fetched is neither missed nor listed twice. The cursor is the last id of the page before.
 * Errors: "bad-request" for a cursor that is none. Cost: one range read of the page.
 */
export async function listPage(
  tables: Pick<WriteBackTables, "range">,
  { tenantId, userId }: Pick<Session, "tenantId" | "userId">,
  page: { readonly cursor: string; readonly limit: number },
): Promise<ListPage> {
  const limit = Math.min(Math.max(1, page.limit || LIST_PAGE_MAX), LIST_PAGE_MAX);
  const rows = await tables.range({
    table: CONVERSATION_INBOX,
    partition: userPartition(tenantId, userId),
    // One more than is shown tells whether there is another page.
    limit: limit + 1,
    ...(page.cursor === "" ? {} : { from: [`${parseConversationId(page.cursor)}\u0000`] }),
  });
  const shown = rows.slice(0, Math.min(limit, countFitting(rows.map((row) => row.value.length))));
  const entries = shown.map((row) => decode(ConversationEntry, row.value));
  const next = shown.length < rows.length ? (entries.at(-1)?.conversationId ?? "") : "";
  return { entries, next };
}

/** Entries read at a time, and altogether, of a list whose newest ones are looked for. */
const SCAN_PAGE = 1_000;
const SCAN_MAX = 20_000;

/**
 * The entries with the newest messages, the newest first; of a list longer than SCAN_MAX those among its first ones by id.
 * Cost: the list is read, in pages of SCAN_PAGE, and the head of each large group in it.
 */
export async function listNewest(
  tables: Pick<WriteBackTables, "range">,
  topics: Pick<TopicCalls, "lastTimes">,
  { tenantId, userId }: Pick<Session, "tenantId" | "userId">,
  limit: number,
): Promise<ListPage> {
  const partition = userPartition(tenantId, userId);
  const count = Math.min(Math.max(1, limit || LIST_PAGE_MAX), LIST_PAGE_MAX);
  let newest: { readonly entry: ConversationEntry; readonly bytes: number; readonly timeMs: number }[] = [];
  let found = 0;
  let from: Key | undefined;
  for (let scanned = 0; scanned < SCAN_MAX; scanned += SCAN_PAGE) {
    const rows = await tables.range({
      table: CONVERSATION_INBOX,
      partition,
      limit: SCAN_PAGE,
      ...(from === undefined ? {} : { from }),
    });
    found += rows.length;
    const read = rows.map(({ value }) => ({ entry: decode(ConversationEntry, value), bytes: value.length }));
    const shared = read.flatMap(({ entry }) => (isFollowed(entry) ? [entry.conversationId] : []));
    const times = new Map(
      (await topics.lastTimes(tenantId, shared)).map((timeMs, index) => [shared[index]!, timeMs] as const),
    );
    const timed = read.map((each) => ({
      ...each,
      timeMs: times.get(each.entry.conversationId) ?? each.entry.updatedMs,
    }));
    newest = [...newest, ...timed].toSorted((one, other) => other.timeMs - one.timeMs).slice(0, count);
    if (rows.length < SCAN_PAGE) break;
    from = [`${String(rows.at(-1)!.sort[0])}\u0000`];
  }
  const shown = newest.slice(0, countFitting(newest.map(({ bytes }) => bytes)));
  return { entries: shown.map(({ entry }) => entry), next: "", isPartial: shown.length < found };
}

/** A large group whose entry here does not know what was said. */
function isFollowed({ isShared, isMember }: ConversationEntry): boolean {
  return isShared && isMember;
}

/** The entry of one conversation alone, if the user has one. */
export async function listOne(
  tables: Pick<WriteBackTables, "find">,
  { tenantId, userId }: Pick<Session, "tenantId" | "userId">,
  conversationId: ConversationId,
): Promise<ListPage> {
  const value = await tables.find(CONVERSATION_INBOX, userPartition(tenantId, userId), [conversationId]);
  return { entries: value === undefined ? [] : [decode(ConversationEntry, value)], next: "" };
}
