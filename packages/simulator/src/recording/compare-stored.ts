/** The end of a run: what the tables hold of a conversation, held against what was placed. */
import { CONVERSATION_MESSAGE } from "@parley/message";
import {
  type ConversationId,
  decode,
  type Message,
  Message as MessageSchema,
  type TenantId,
} from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import { isSameMessage } from "./same.js";

const PAGE = 100;

export interface Placed {
  readonly tenantId: TenantId;
  readonly conversationId: ConversationId;
  readonly messages: readonly Message[];
  /** The first sequence that is kept. What is not kept any more may be there still. */
  readonly firstKept: number;
}

/** What is wrong when the tables do not hold each message that is kept once, wherever it lies by now; undefined when they do. */
export async function compareStored(
  tables: Pick<WriteBackTables, "range">,
  { tenantId, conversationId, messages, firstKept }: Placed,
): Promise<string | undefined> {
  const query = { table: CONVERSATION_MESSAGE, partition: [tenantId, conversationId], limit: PAGE };
  let next = 1;
  for (;;) {
    const rows = await tables.range({ ...query, from: [next] });
    for (const { sort, value } of rows) {
      const message = decode(MessageSchema, value);
      const { sequence } = message;
      const isRight = sequence === sort[0] && isSameMessage(message, messages[sequence - 1]);
      if (!isRight || (sequence > next && sequence > firstKept))
        return `${conversationId} holds another message at ${Math.max(next, firstKept)}`;
      next = sequence + 1;
    }
    if (rows.length < PAGE) break;
  }
  if (next - 1 === messages.length) return undefined;
  return `${conversationId} ends at ${next - 1} of ${messages.length} messages`;
}
