/** The tables of the sync service. All share the partition key (tenant, user). */
import { type Infer, schema, uint } from "@parley/protocol";
import type { Key, TableSpec } from "@parley/tables";

/** Sort (): UserHeadRow. */
export const USER_HEAD: TableSpec = { name: "user-head" };
/** Sort (PTS): one event's bytes. Kept for a number of days. */
export const SYNC_QUEUE: TableSpec = { name: "sync-queue", hasExpiry: true, isPacked: true };
/** Sort (conversation): ConversationEntry. */
export const CONVERSATION_INBOX: TableSpec = { name: "conversation-inbox", keyOwner: "conversation-in-sort" };
/** Sort (conversation, sequence): empty; the user has deleted this message for itself. */
export const MESSAGE_INBOX: TableSpec = {
  name: "message-inbox",
  keyOwner: "conversation-in-sort",
  isKeysOnly: true,
};
/** Sort (time, conversation, sequence): empty; a message that mentioned the user when it was sent or edited. */
export const MENTION: TableSpec = { name: "mention", isKeysOnly: true };
/** Sort (module, id): GivenRow, an event of a module that the user was given. Kept for some days. */
export const MODULE_EVENT: TableSpec = { name: "module-event", hasExpiry: true };
/** Sort (module, collapse key): NewestRow, of the user's queue. Kept as long as its events. */
export const MODULE_NEWEST: TableSpec = { name: "module-newest", hasExpiry: true };
/** Sort (): the user's DoNotDisturb. */
export const USER_SETTINGS: TableSpec = { name: "user-settings" };
/** Sort (device): DeviceRow. */
export const DEVICE: TableSpec = { name: "device" };

export const DeviceRow = schema("DeviceRow", {
  epoch: uint(1),
  /** Everything up to here is applied and stored on the device. */
  pts: uint(2),
  seenMs: uint(3),
});
export type DeviceRow = Infer<typeof DeviceRow>;

export function userPartition(tenantId: string, userId: string): Key {
  return [tenantId, userId];
}

/** The name of a user across tenants. */
export function userKey(tenantId: string, userId: string): string {
  return `${tenantId}/${userId}`;
}
