import type { MessageLookup, Reference } from "@parley/media";
import { HeadRow } from "@parley/domain";
import { CONVERSATION_HEAD, CONVERSATION_MESSAGE } from "@parley/message";
import { Message, decode, mediaOf } from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";

const MESSAGES_PER_PAGE = 500;

/** Finds the messages that show files, where the message service keeps them. */
export class TableMessageLookup implements MessageLookup {
  readonly #tables: Pick<WriteBackTables, "find" | "range">;

  constructor(tables: Pick<WriteBackTables, "find" | "range">) {
    this.#tables = tables;
  }

  /** Cost: one row; for a message whose place was never told, the messages that came since. Errors: those of the tables. */
  async findShown(reference: Reference): Promise<number | undefined> {
    const { tenantId, conversationId, sequence, after } = reference;
    const partition = [tenantId, conversationId];
    const head = await this.#tables.find(CONVERSATION_HEAD, partition, []);
    // There is none any more when the key of the conversation was destroyed.
    if (head === undefined) return undefined;
    const { firstKept, lastSequence } = decode(HeadRow, head);
    if (sequence > 0) {
      const value = await this.#tables.find(CONVERSATION_MESSAGE, partition, [sequence]);
      return value !== undefined && sequence >= firstKept && shows(value, reference) ? sequence : undefined;
    }
    for (let from = Math.max(after + 1, firstKept); from <= lastSequence;) {
      const page = { table: CONVERSATION_MESSAGE, partition, from: [from], limit: MESSAGES_PER_PAGE };
      const rows = await this.#tables.range(page);
      const found = rows.find(({ value }) => shows(value, reference));
      if (found !== undefined) return found.sort[0] as number;
      if (rows.length < MESSAGES_PER_PAGE) return undefined;
      from = (rows.at(-1)!.sort[0] as number) + 1;
    }
    return undefined;
  }
}

function shows(value: Uint8Array, { messageId, mediaId }: Reference): boolean {
  const message = decode(Message, value);
  const isIt = message.messageId === messageId && message.recall === undefined;
  return isIt && mediaOf(message.body).some((each) => each.mediaId === mediaId);
}
