import type { NotifiedGroups, NotifySource, UserKey } from "@parley/contracts";
import { type ConversationId, ConversationEntry, decode, DoNotDisturb } from "@parley/protocol";
import type { Key, WriteBackTables } from "@parley/tables";
import type { FeedRegistry } from "./feed-registry.js";
import {
  CONVERSATION_INBOX,
  MESSAGE_INBOX,
  SYNC_QUEUE,
  USER_SETTINGS,
  userPartition,
} from "./user-tables.js";

/** Deleted messages that the badge leaves out, of one group. */
const HIDDEN_MAX = 1_000;

/** What the notification service reads, of the rows of the sync service, and of large groups. */
export function notifySource(
  tables: WriteBackTables,
  feeds: FeedRegistry,
  groups: NotifiedGroups,
): NotifySource {
  const partition = ({ tenantId, userId }: UserKey): Key => userPartition(tenantId, userId);
  return {
    async entry(user: UserKey, conversationId: ConversationId) {
      const row = await tables.find(CONVERSATION_INBOX, partition(user), [conversationId]);
      const entry = row && decode(ConversationEntry, row);
      return entry?.isShared === true ? groups.entry(user, entry) : entry;
    },
    async entries(user, limit) {
      const rows = await tables.range({ table: CONVERSATION_INBOX, partition: partition(user), limit });
      return rows.map(({ value }) => decode(ConversationEntry, value));
    },
    countUnread: (user, entry, limit) =>
      groups.countUnread(user, entry, {
        limit,
        hiddenIn: async ({ conversationId, first, last }) => {
          const rows = await tables.range({
            table: MESSAGE_INBOX,
            partition: partition(user),
            from: [conversationId, first],
            before: [conversationId, last + 1],
            isDescending: true,
            limit: HIDDEN_MAX,
          });
          return rows.map(({ sort }) => sort[1] as number);
        },
      }),
    async message(user, conversationId, sequence) {
      const [message, hidden] = await Promise.all([
        groups.message(user, conversationId, sequence),
        tables.find(MESSAGE_INBOX, partition(user), [conversationId, sequence]),
      ]);
      return hidden === undefined ? message : undefined;
    },
    topicBefore: (key, before, limit) => groups.topicBefore(key, before, limit),
    event: (user, pts) => tables.find(SYNC_QUEUE, partition(user), [pts]),
    async doNotDisturb(user) {
      const row = await tables.find(USER_SETTINGS, partition(user), []);
      return row === undefined ? undefined : decode(DoNotDisturb, row);
    },
    isConnected: ({ tenantId, userId }) => feeds.has(tenantId, userId),
  };
}
