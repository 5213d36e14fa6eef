/** Who has read a message, and how many have. */
import type {
  ReadCountList,
  ReadCountsRequest,
  ReaderPage,
  ReadersRequest,
  Session,
} from "@parley/contracts";
import { directoryLimit, READ_COUNTS_MAX } from "@parley/protocol";
import type { HistoryReader } from "./history.js";
import type { ReadIndexes } from "./read-indexes.js";
import { badRequest, refusal } from "./refusal.js";

export class Readers {
  readonly #indexes: ReadIndexes;
  readonly #history: HistoryReader;

  constructor(indexes: ReadIndexes, history: HistoryReader) {
    this.#indexes = indexes;
    this.#history = history;
  }

  /** Errors: "bad-request", "not-a-member", "message-unknown" (also what this user has hidden). */
  async readers(session: Session, request: ReadersRequest): Promise<ReaderPage> {
    const { conversationId, sequence, isUnread, after } = request;
    if (sequence < 1) throw badRequest("A message is named by its sequence, from 1 on.");
    const limit = directoryLimit(request.limit);
    const view = await this.#history.authorize(session, conversationId);
    const [message] = await this.#history.messagesOf(session, view, [sequence]);
    if (message === undefined) throw refusal({ kind: "refused", code: "message-unknown" });
    const index = await this.#indexes.find(view.key);
    const { read, unread } = index.countOf(message);
    const { userIds, next } = index.page(message, { isUnread, after, limit });
    return { userIds, read, unread, next, revision: index.revision };
  }

  /** Of those messages that this user may see. Errors: "bad-request", "not-a-member". */
  async readCounts(session: Session, request: ReadCountsRequest): Promise<ReadCountList> {
    const { conversationId, sequences } = request;
    if (sequences.length === 0 || sequences.length > READ_COUNTS_MAX)
      throw badRequest(`Ask for 1 to ${READ_COUNTS_MAX} messages at a time.`);
    const view = await this.#history.authorize(session, conversationId);
    const messages = await this.#history.messagesOf(session, view, sequences);
    const index = await this.#indexes.find(view.key);
    const counts = messages
      .map((message) => index.countOf(message))
      .toSorted((one, other) => one.sequence - other.sequence);
    return { counts, revision: index.revision };
  }
}
