/**
 * History: the one copy of each message (N), without what is directed to others (P) and what differs for this user (NP: hidden
 * messages). Every page says which span it covers; what is in the span and not among the messages is void for this user. All
 * reading goes through `#visible`.
 */
import type {
  HistoryRequest,
  HistorySpan,
  MessagesAnswer,
  MessagesRequest,
  Session,
  SyncCalls,
} from "@parley/contracts";
import { type ConversationKey, HeadRow, MemberRow, seesMessage } from "@parley/domain";
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
  encode,
  mentionsUser,
} from "@parley/protocol";
import type { IndexMatch, Row, WriteBackTables } from "@parley/tables";
import {
  ALL_USERS,
  BY_MENTION,
  BY_SENDER,
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
  conversationPartition,
} from "./conversation-tables.js";
import { withParts } from "./cards/card-reading.js";
import { type Extras, type Whose, digestExtrasOf, extrasOf, fittingRows } from "./message-extras.js";
import { withReactions } from "./reaction-reading.js";

/** Messages of a conversation that are read instead of an index that is not ready. */
const SCAN_MESSAGES_MAX = 10_000;

/** What a member may see of a conversation now. */
export interface View {
  readonly key: ConversationKey;
  readonly head: HeadRow;
  readonly member: MemberRow;
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

/** What is looked for in a span of at most RANGE_LIMIT_MAX sequences. */
export interface Selection {
  readonly first: number;
  readonly last: number;
  readonly isWanted: (message: Message) => boolean;
  readonly onEach: (message: Message) => void;
}

export interface SenderPage {
  readonly messages: readonly Message[];
  readonly before: number;
}

/** A page of what mentions a user. */
export interface MentionPage extends SenderPage {
  /** Server time of the message at `before`. */
  readonly beforeMs: number;
}

type HistoryTables = Pick<WriteBackTables, "find" | "findMany" | "range" | "queryIndex">;

export class HistoryReader {
  readonly #tables: HistoryTables;
  readonly #sync: Pick<SyncCalls, "hiddenSequences">;

  constructor(tables: HistoryTables, sync: Pick<SyncCalls, "hiddenSequences">) {
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
    const rows = await this.#range(view, first, last);
    const { fitting, extras } = await fittingRows(this.#tables, whoseOf(session, view), {
      rows,
      isForward,
      span: { first, last },
    });
    if (fitting.length < rows.length) {
      // The page covers what it holds, and the next one begins where this one ends.
      if (isForward) last = fitting.at(-1)!.sort[0] as number;
      else first = fitting[0]!.sort[0] as number;
    }
    const messages = await this.#visible(session, view, fitting, extras);
    return { first, last, messages, firstVisible, lastSequence };
  }

  /**
   * What one member of a group wrote, the newest first. It goes on `before` the sequence that is returned; 0 at the end.
   * Cost: one range of the index, and one read of the messages it finds. While the index is being built, of the conversation.
   * Errors: "not-a-member"; "index-not-ready" (it is being built, and the conversation is long).
   */
  async bySender(session: Session, request: SenderRequest): Promise<SenderPage> {
    const { conversationId, senderId } = request;
    const view = await this.authorize(session, conversationId);
    const { key, firstVisible, lastSequence } = view;
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
    const rows = await this.#found(key, matches);
    const page = { rows, isForward: true };
    const { fitting, extras } = await fittingRows(this.#tables, whoseOf(session, view), page);
    const last = fitting.at(-1);
    if (last === undefined) return { messages: [], before: 0 };
    const messages = await this.#visible(session, view, fitting, extras);
    const isEnd = matches.length < limit && fitting.length === rows.length;
    return { messages, before: isEnd ? 0 : (last.sort[0] as number) };
  }

  /**
   * What mentions this user in a conversation, alone or with all, the newest first, of the `limit` newest `before` a sequence
   * (0: the end) that may. It goes on `before` the sequence that is returned; 0 at the end. Cost and errors: as `bySender`.
   */
  async mentions(
    session: Session,
    request: { readonly conversationId: ConversationId; readonly before: number; readonly limit: number },
  ): Promise<MentionPage> {
    const { conversationId, before, limit } = request;
    const view = await this.authorize(session, conversationId);
    const { key, firstVisible, lastSequence } = view;
    const end = before > 0 ? Math.min(before, lastSequence + 1) : lastSequence + 1;
    if (end <= firstVisible) return { messages: [], before: 0, beforeMs: 0 };
    const queries = [session.userId, ALL_USERS].map((name) =>
      this.#tables.queryIndex({
        table: CONVERSATION_MESSAGE,
        index: BY_MENTION.name,
        partition: conversationPartition(key),
        from: [name, firstVisible],
        before: [name, end],
        isDescending: true,
        limit,
        scanRowsMax: SCAN_MESSAGES_MAX,
      }),
    );
    const matches = (await Promise.all(queries)).flat();
    const sequences = [...new Set(matches.map(({ sort }) => sort[0] as number))];
    const newest = sequences.toSorted((one, other) => other - one).slice(0, limit);
    const rows = await this.#found(
      key,
      newest.map((sequence) => ({ sort: [sequence] })),
    );
    const page = { rows, isForward: true };
    const { fitting, extras } = await fittingRows(this.#tables, whoseOf(session, view), page);
    const messages = await this.#visible(session, view, fitting, extras);
    const found = messages.filter(isMentionOf(session));
    const last = fitting.at(-1);
    const isEnd = sequences.length < limit && fitting.length === rows.length;
    if (last === undefined || isEnd) return { messages: found, before: 0, beforeMs: 0 };
    return {
      messages: found,
      before: last.sort[0] as number,
      beforeMs: decode(Message, last.value).timeMs,
    };
  }

  /** As `mentions`, of those of this time or earlier. */
  async mentionsUntil(
    session: Session,
    conversationId: ConversationId,
    { timeMs, limit }: { readonly timeMs: number; readonly limit: number },
  ): Promise<MentionPage> {
    const view = await this.authorize(session, conversationId);
    const before = await this.#firstAt(view, timeMs + 1);
    if (before <= view.firstVisible) return { messages: [], before: 0, beforeMs: 0 };
    return this.mentions(session, { conversationId, before, limit });
  }

  /**
   * Messages by their sequences, as this user sees them now; as many as one page has room for. Cost: one read of them. Errors:
   * "not-a-member".
   */
  async messages(session: Session, { conversationId, sequences }: MessagesRequest): Promise<MessagesAnswer> {
    const messages = await this.messagesAt(session, conversationId, sequences);
    const fitting = messages.slice(0, countFitting(messages.map((each) => encode(Message, each).length)));
    const next = messages[fitting.length];
    const answered = next === undefined ? sequences.length : sequences.indexOf(next.sequence);
    return { messages: fitting, answered };
  }

  /** As `messages`, all of them. */
  async messagesAt(
    session: Session,
    conversationId: ConversationId,
    sequences: readonly number[],
  ): Promise<readonly Message[]> {
    return this.messagesOf(session, await this.authorize(session, conversationId), sequences);
  }

  /** As `messagesAt`, for who was authorized. */
  async messagesOf(session: Session, view: View, sequences: readonly number[]): Promise<readonly Message[]> {
    const wanted = [...new Set(sequences)].filter(
      (sequence) => sequence >= Math.max(1, view.firstVisible) && sequence <= view.lastSequence,
    );
    const rows = await this.#found(
      view.key,
      wanted.map((sequence) => ({ sort: [sequence] })),
    );
    return this.#visible(session, view, rows, await this.#extrasOf(session, view, rows));
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
    const rows = await this.#range(view, first, last);
    const extras = await digestExtrasOf(this.#tables, whoseOf(session, view), {
      rows,
      span: { first, last },
    });
    const messages = await this.#visible(session, view, rows, extras);
    return { digest: digestOf(messages), count: messages.length };
  }

  /**
   * The messages from `first` to `last` that this user may see and that `isWanted` takes, ascending. `onEach` is told of every
   * message that is kept, seen or not: it may not answer anybody from it.
   * Cost: one range read; another one of what is hidden, when anything is wanted.
   */
  async select(session: Session, view: View, selection: Selection): Promise<readonly Message[]> {
    const first = Math.max(selection.first, view.firstVisible);
    const last = Math.min(selection.last, view.lastSequence);
    if (first > last) return [];
    const wanted: Row[] = [];
    for (const row of await this.#range(view, first, last)) {
      const message = decode(Message, row.value);
      selection.onEach(message);
      if (selection.isWanted(message)) wanted.push(row);
    }
    if (wanted.length === 0) return [];
    return this.#visible(session, view, wanted, await this.#extrasOf(session, view, wanted));
  }

  /** The sequence of the first message of this time or later that is kept and visible; one above the last when there is none. */
  firstAt(view: View, atMs: number): Promise<number> {
    return this.#firstAt(view, atMs);
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
    const [headRow, memberRow] = [decode(HeadRow, head), decode(MemberRow, member)];
    const firstVisible = Math.max(memberRow.firstVisible, headRow.firstKept);
    return { key, head: headRow, member: memberRow, firstVisible, lastSequence: headRow.lastSequence };
  }

  #range(view: View, first: number, last: number): Promise<readonly Row[]> {
    return this.#tables.range({
      table: CONVERSATION_MESSAGE,
      partition: conversationPartition(view.key),
      from: [first],
      before: [last + 1],
      limit: last - first + 1,
    });
  }

  /** The rows of messages, in this order, without those that are not there. */
  async #found(key: ConversationKey, places: readonly Pick<IndexMatch, "sort">[]): Promise<readonly Row[]> {
    const partition = conversationPartition(key);
    const values = await this.#tables.findMany(
      CONVERSATION_MESSAGE,
      places.map(({ sort }) => ({ partition, sort })),
    );
    return places.flatMap(({ sort }, index) => {
      const value = values[index];
      return value === undefined ? [] : [{ sort, value }];
    });
  }

  #extrasOf(session: Session, view: View, rows: readonly Pick<Row, "sort" | "value">[]): Promise<Extras> {
    return extrasOf(this.#tables, whoseOf(session, view), rows);
  }

  /**
   * The messages of rows in any order, as this user sees them: without those that are hidden or directed to others, with reactions
   * and private parts of cards.
   */
  async #visible(
    session: Session,
    view: View,
    rows: readonly Row[],
    { sums, parts }: Extras,
  ): Promise<readonly Message[]> {
    if (rows.length === 0) return [];
    const { conversationId } = view.key;
    const sequences = rows.map(({ sort }) => sort[0] as number);
    const span = { conversationId, first: Math.min(...sequences), last: Math.max(...sequences) };
    const hidden = await this.#sync.hiddenSequences(session, span);
    const messages = rows
      .map((row) => decode(Message, row.value))
      .filter((message) => seesMessage(message, session.userId));
    const hiddenSet = new Set(hidden);
    const shown =
      hidden.length === 0 ? messages : messages.filter((message) => !hiddenSet.has(message.sequence));
    const partition = conversationPartition(view.key);
    const whole = withParts(shown, parts);
    return withReactions(this.#tables, whole, { partition, sums, userId: session.userId });
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

/** Whether another mentions this user, alone or with all. */
export function isMentionOf({ userId }: Session): (message: Message) => boolean {
  return ({ body, senderId }) => senderId !== userId && mentionsUser(body, userId);
}

function whoseOf({ userId }: Session, { key, head }: View): Whose {
  return { partition: conversationPartition(key), head, userId };
}
