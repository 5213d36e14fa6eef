import type { NotifySource, UserKey } from "@parley/contracts";
import { type ConversationId, ConversationEntry, decode, DoNotDisturb } from "@parley/protocol";
import type { Key, WriteBackTables } from "@parley/tables";
import type { FeedRegistry } from "./feed-registry.js";
import { CONVERSATION_INBOX, SYNC_QUEUE, USER_SETTINGS, userPartition } from "./user-tables.js";

/** What the notification service reads, of the rows of the sync service. */
export function notifySource(tables: WriteBackTables, feeds: FeedRegistry): NotifySource {
  const partition = ({ tenantId, userId }: UserKey): Key => userPartition(tenantId, userId);
  return {
    async entry(user: UserKey, conversationId: ConversationId) {
      const row = await tables.find(CONVERSATION_INBOX, partition(user), [conversationId]);
      return row === undefined ? undefined : decode(ConversationEntry, row);
    },
    async entries(user, limit) {
      const rows = await tables.range({ table: CONVERSATION_INBOX, partition: partition(user), limit });
      return rows.map(({ value }) => decode(ConversationEntry, value));
    },
    event: (user, pts) => tables.find(SYNC_QUEUE, partition(user), [pts]),
    async doNotDisturb(user) {
      const row = await tables.find(USER_SETTINGS, partition(user), []);
      return row === undefined ? undefined : decode(DoNotDisturb, row);
    },
    isConnected: ({ tenantId, userId }) => feeds.has(tenantId, userId),
  };
}
