/** Where messages mention a user: the keys that were written with the events that say so, and the large groups, which have none. */
import type { MentionPlace, Session } from "@parley/contracts";
import { type ConversationId, ConversationEntry, decode } from "@parley/protocol";
import type { Key, WriteBackTables } from "@parley/tables";
import { CONVERSATION_INBOX, MENTION, userPartition } from "./user-tables.js";

/** Entries of a list that are looked through for large groups. */
const LIST_ENTRIES_MAX = 10_000;

/** One page, the newest first. Cost: one range of keys. */
export async function mentionPlaces(
  tables: Pick<WriteBackTables, "range">,
  { tenantId, userId }: Pick<Session, "tenantId" | "userId">,
  { before, limit }: { readonly before: MentionPlace | undefined; readonly limit: number },
): Promise<readonly MentionPlace[]> {
  const rows = await tables.range({
    table: MENTION,
    partition: userPartition(tenantId, userId),
    isDescending: true,
    limit,
    ...(before === undefined ? {} : { before: [before.timeMs, before.conversationId, before.sequence] }),
  });
  return rows.map(({ sort }) => {
    const [timeMs, conversationId, sequence] = sort as Key & readonly [number, ConversationId, number];
    return { timeMs, conversationId, sequence };
  });
}

/** The large groups of a user's list. Cost: one read of the list. */
export async function sharedConversations(
  tables: Pick<WriteBackTables, "range">,
  { tenantId, userId }: Pick<Session, "tenantId" | "userId">,
): Promise<readonly ConversationId[]> {
  const rows = await tables.range({
    table: CONVERSATION_INBOX,
    partition: userPartition(tenantId, userId),
    limit: LIST_ENTRIES_MAX,
  });
  const entries = rows.map(({ value }) => decode(ConversationEntry, value));
  return entries
    .filter(({ isShared, isMember }) => isShared && isMember)
    .map((entry) => entry.conversationId);
}
