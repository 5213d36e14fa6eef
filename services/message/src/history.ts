/**
 * History: the one copy of each message (N), merged with what differs for this user (NP: hidden messages). Every page
 * says which span it covers; what is in the span and not among the messages is void for this user.
 */
import type { HistoryRequest, HistorySpan, Session, SyncCalls } from "@parley/contracts";
import { type ConversationKey, HeadRow, MemberRow } from "@parley/domain";
import { Failure } from "@parley/base";
import {
  type ConversationId,
  type UserId,
  DIGEST_SPAN_MAX,
  HISTORY_PAGE_MAX,
  Message,
  countFitting,
  decode,
  digestOf,
} from "@parley/protocol";
import type { Row, WriteBackTables } from "@parley/tables";
import {
  BY_SENDER,
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
  conversationPartition,
} from "./conversation-tables.js";

/** Messages of a conversation that are read instead of an index that is not ready. */
const SCAN_MESSAGES_MAX = 10_000;

/** What a member may see of a conversation now. */
interface View {
  readonly key: ConversationKey;
  readonly head: HeadRow;
  readonly firstVisible: number;
  readonly lastSequence: number;
}

/** A page of what one member wrote. `before` is exclusive, and 0 for the newest. */
export interface SenderRequest {
  readonly conversationId: ConversationId;
  readonly senderId: UserId;
  readonly before: number;
  readonly limit: number;
}

export interface SenderPage {
  readonly messages: readonly Message[];
  readonly before: number;
}

export class HistoryReader {
  readonly #tables: WriteBackTables;
  readonly #sync: Pick<SyncCalls, "hiddenSequences">;

  constructor(tables: WriteBackTables, sync: Pick<SyncCalls, "hiddenSequences">) {
    this.#tables = tables;
    this.#sync = sync;
  }

  /** One page. Cost: one range read of the page; for `atMs` also log2(n) reads of single rows. Errors: "not-a-member". */
  async page(session: Session, request: HistoryRequest): Promise<HistorySpan> {
    const view = await this.authorize(session, request.conversationId);
    const { firstVisible, lastSequence } = view;
    const limit = Math.min(Math.max(1, request.limit || HISTORY_PAGE_MAX), HISTORY_PAGE_MAX);
    let first: number;
    let last: number;
    const isForward = request.atMs > 0 || request.isForward;
    if (isForward) {
      // Cut before 1 is added: the largest number of the wire has none after it.
      const after = Math.min(request.after, lastSequence);
      const start = request.atMs > 0 ? await this.#firstAt(view, request.atMs) : after + 1;
      first = Math.max(start, firstVisible);
      last = Math.min(first + limit - 1, lastSequence);
    } else {
      last = request.before > 0 ? Math.min(request.before - 1, lastSequence) : lastSequence;
      first = Math.max(last - limit + 1, firstVisible);
    }
    if (first > last) return { first, last, messages: [], firstVisible, lastSequence };
    const rows = await this.#rows(view, first, last);
    const fitting = fittingRows(rows, isForward);
    if (fitting.length < rows.length) {
      // The page covers what it holds, and the next one begins where this one ends.
      if (isForward) last = fitting.at(-1)!.sort[0] as number;
      else first = fitting[0]!.sort[0] as number;
    }
    const messages = await this.#visible(session, fitting, {
      conversationId: request.conversationId,
      first,
      last,
    });
    return { first, last, messages, firstVisible, lastSequence };
  }

  /**
   * What one member of a group wrote, the newest first. It goes on `before` the sequence that is returned; 0 at the end.
   * Cost: one range of the index, and one read of the messages it finds. While the index is being built, of the conversation.
   * Errors: "not-a-member"; "index-not-ready" (it is being built, and the conversation is long).
   */
  async bySender(session: Session, request: SenderRequest): Promise<SenderPage> {
    const { conversationId, senderId } = request;
    const { key, firstVisible, lastSequence } = await this.authorize(session, conversationId);
    const limit = Math.min(Math.max(1, request.limit || HISTORY_PAGE_MAX), HISTORY_PAGE_MAX);
    const end = request.before > 0 ? Math.min(request.before, lastSequence + 1) : lastSequence + 1;
    const partition = conversationPartition(key);
    const matches = await this.#tables.queryIndex({
      table: CONVERSATION_MESSAGE,
      index: BY_SENDER.name,
      partition,
      from: [senderId, firstVisible],
      before: [senderId, end],
      isDescending: true,
      limit,
      scanRowsMax: SCAN_MESSAGES_MAX,
    });
    const values = await this.#tables.findMany(
      CONVERSATION_MESSAGE,
      matches.map(({ sort }) => ({ partition, sort })),
    );
    const rows = matches.flatMap(({ sort }, index) => {
      const value = values[index];
      return value === undefined ? [] : [{ sort, value }];
    });
    const fitting = fittingRows(rows, true);
    const last = fitting.at(-1);
    if (last === undefined) return { messages: [], before: 0 };
    const first = last.sort[0] as number;
    const span = { conversationId, first, last: fitting[0]!.sort[0] as number };
    const messages = await this.#visible(session, fitting, span);
    const isEnd = matches.length < limit && fitting.length === rows.length;
    return { messages, before: isEnd ? 0 : first };
  }

  /** The digest of what the user may see from `first` to `last`. Errors: "not-a-member", "bad-request". */
  async digest(
    session: Session,
    span: { readonly conversationId: ConversationId; readonly first: number; readonly last: number },
  ): Promise<{ readonly digest: number; readonly count: number }> {
    const view = await this.authorize(session, span.conversationId);
    const first = Math.max(span.first, view.firstVisible);
    const last = Math.min(span.last, view.lastSequence);
    if (last - first >= DIGEST_SPAN_MAX) {
      throw new Failure("bad-request", `A digest covers at most ${DIGEST_SPAN_MAX} sequences.`, {
        retry: "after-change",
      });
    }
    if (first > last) return { digest: digestOf([]), count: 0 };
    const rows = await this.#rows(view, first, last);
    const messages = await this.#visible(session, rows, { conversationId: span.conversationId, first, last });
    return { digest: digestOf(messages), count: messages.length };
  }

  /** What this session may see of the conversation. Errors: "not-a-member", also when there is no such conversation. */
  async authorize(session: Session, conversationId: ConversationId): Promise<View> {
    const key = { tenantId: session.tenantId, conversationId };
    const partition = conversationPartition(key);
    const [head, member] = await Promise.all([
      this.#tables.find(CONVERSATION_HEAD, partition, []),
      this.#tables.find(CONVERSATION_MEMBER, partition, [session.userId]),
    ]);
    if (head === undefined || member === undefined) {
      throw new Failure("not-a-member", "You are not in this conversation.", { retry: "after-change" });
    }
    const headRow = decode(HeadRow, head);
    const firstVisible = Math.max(decode(MemberRow, member).firstVisible, headRow.firstKept);
    return { key, head: headRow, firstVisible, lastSequence: headRow.lastSequence };
  }

  #rows(view: View, first: number, last: number): Promise<readonly Row[]> {
    return this.#tables.range({
      table: CONVERSATION_MESSAGE,
      partition: conversationPartition(view.key),
      from: [first],
      before: [last + 1],
      limit: last - first + 1,
    });
  }

  /** The messages of rows that this user has not hidden. */
  async #visible(
    session: Session,
    rows: readonly Row[],
    span: { readonly conversationId: ConversationId; readonly first: number; readonly last: number },
  ): Promise<readonly Message[]> {
    const hidden = await this.#sync.hiddenSequences(session, span);
    const messages = rows.map((row) => decode(Message, row.value));
    if (hidden.length === 0) return messages;
    const hiddenSet = new Set(hidden);
    return messages.filter((message) => !hiddenSet.has(message.sequence));
  }

  /** The first sequence whose time is `atMs` or later: time never goes back (C2), so halving finds it. */
  async #firstAt(view: View, atMs: number): Promise<number> {
    const partition = conversationPartition(view.key);
    let low = view.firstVisible;
    let high = view.lastSequence + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const value = await this.#tables.find(CONVERSATION_MESSAGE, partition, [middle]);
      if (value !== undefined && decode(Message, value).timeMs < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The rows that one page has room for, from the side where it begins. */
function fittingRows(rows: readonly Row[], isForward: boolean): readonly Row[] {
  const sizes = rows.map((row) => row.value.length);
  if (isForward) return rows.slice(0, countFitting(sizes));
  return rows.slice(rows.length - countFitting(sizes.toReversed()));
}
