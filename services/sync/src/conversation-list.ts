import type { Session } from "@parley/contracts";
import {
  ConversationEntry,
  LIST_PAGE_MAX,
  countFitting,
  decode,
  parseConversationId,
} from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
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
): Promise<{ readonly entries: readonly ConversationEntry[]; readonly next: string }> {
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
