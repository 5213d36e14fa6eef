/** Large groups, as notifications see them: read from the one copy of each message, for one member at a time. */
import { failureCode } from "@parley/base";
import type { HiddenSpan, NotifiedGroups, PlacedTopicRow, UserKey } from "@parley/contracts";
import {
  type ConversationKey,
  HeadRow,
  isOfMentionsOnly,
  MemberRow,
  seesMessage,
  TopicRow,
} from "@parley/domain";
import {
  type ConversationEntry,
  type ConversationId,
  decode,
  isSignal,
  mentionsUser,
  Message,
} from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import {
  ALL_USERS,
  BY_MENTION,
  CONVERSATION_EVENT,
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
  conversationPartition,
} from "./conversation-tables.js";

/** Messages that are looked through for mentions while their index is being built. */
const SCAN_MESSAGES_MAX = 1_000;

interface Span {
  readonly first: number;
  readonly last: number;
}

export class NotifiedGroupReader implements NotifiedGroups {
  readonly #tables: Pick<WriteBackTables, "find" | "findMany" | "range" | "queryIndex">;

  constructor(tables: Pick<WriteBackTables, "find" | "findMany" | "range" | "queryIndex">) {
    this.#tables = tables;
  }

  async entry(user: UserKey, entry: ConversationEntry): Promise<ConversationEntry | undefined> {
    if (!entry.isMember) return undefined;
    const partition = conversationPartition({ ...user, conversationId: entry.conversationId });
    const [headRow, memberRow] = await Promise.all([
      this.#tables.find(CONVERSATION_HEAD, partition, []),
      this.#tables.find(CONVERSATION_MEMBER, partition, [user.userId]),
    ]);
    if (headRow === undefined || memberRow === undefined) return undefined;
    const [head, member] = [decode(HeadRow, headRow), decode(MemberRow, memberRow)];
    const { lastSequence, title } = head;
    const firstVisible = Math.max(1, member.firstVisible, head.firstKept);
    const first = Math.max(firstVisible, member.readSequence + 1);
    const unreadRanges = first > lastSequence ? [] : [first, lastSequence];
    return { ...entry, title, firstVisible, lastSequence, readSequence: first - 1, unreadRanges };
  }

  async message(
    user: UserKey,
    conversationId: ConversationId,
    sequence: number,
  ): Promise<Message | undefined> {
    const partition = conversationPartition({ ...user, conversationId });
    const row = await this.#tables.find(CONVERSATION_MESSAGE, partition, [sequence]);
    const message = row && decode(Message, row);
    return message !== undefined && seesMessage(message, user.userId) ? message : undefined;
  }

  async countUnread(
    user: UserKey,
    entry: ConversationEntry,
    how: { readonly limit: number; readonly hiddenIn: (span: HiddenSpan) => Promise<readonly number[]> },
  ): Promise<number> {
    const { conversationId } = entry;
    const [first, last] = (await this.entry(user, entry))?.unreadRanges ?? [];
    if (first === undefined || last === undefined) return 0;
    const key: ConversationKey = { tenantId: user.tenantId, conversationId };
    const isOnlyMentions = isOfMentionsOnly(entry);
    const found = isOnlyMentions
      ? await this.#mentions(key, user, { first, last, limit: how.limit })
      : await this.#newest(key, { first, last, limit: how.limit });
    const { userId } = user;
    const unread = found.filter(
      (message) =>
        message.isCountable &&
        message.recall === undefined &&
        message.senderId !== userId &&
        !isSignal(message.body) &&
        seesMessage(message, userId) &&
        (!isOnlyMentions || mentionsUser(message.body, userId)),
    );
    if (unread.length === 0) return 0;
    const hidden = new Set(await how.hiddenIn({ conversationId, first, last }));
    return unread.filter(({ sequence }) => !hidden.has(sequence)).length;
  }

  async topicBefore(key: ConversationKey, before: number, limit: number): Promise<readonly PlacedTopicRow[]> {
    const rows = await this.#tables.range({
      table: CONVERSATION_EVENT,
      partition: conversationPartition(key),
      isDescending: true,
      limit,
      ...(before === 0 ? {} : { before: [before] }),
    });
    return rows.map(({ sort, value }) => ({ pts: sort[0] as number, row: decode(TopicRow, value) }));
  }

  /** What mentions the user or all; none as long as that cannot be known. */
  async #mentions(
    key: ConversationKey,
    { userId }: UserKey,
    { first, last, limit }: Span & { readonly limit: number },
  ): Promise<readonly Message[]> {
    const partition = conversationPartition(key);
    try {
      const queries = [userId, ALL_USERS].map((name) =>
        this.#tables.queryIndex({
          table: CONVERSATION_MESSAGE,
          index: BY_MENTION.name,
          partition,
          from: [name, first],
          before: [name, last + 1],
          isDescending: true,
          limit,
          scanRowsMax: SCAN_MESSAGES_MAX,
        }),
      );
      const places = (await Promise.all(queries)).flat().map(({ sort }) => sort[0] as number);
      const sequences = [...new Set(places)].toSorted((one, other) => other - one).slice(0, limit);
      if (sequences.length === 0) return [];
      const keys = sequences.map((sequence) => ({ partition, sort: [sequence] }));
      const rows = await this.#tables.findMany(CONVERSATION_MESSAGE, keys);
      return rows.flatMap((row) => (row === undefined ? [] : [decode(Message, row)]));
    } catch (error) {
      if (failureCode(error) !== "index-not-ready") throw error;
      return [];
    }
  }

  async #newest(
    key: ConversationKey,
    { first, last, limit }: Span & { readonly limit: number },
  ): Promise<readonly Message[]> {
    const rows = await this.#tables.range({
      table: CONVERSATION_MESSAGE,
      partition: conversationPartition(key),
      from: [first],
      before: [last + 1],
      isDescending: true,
      limit,
    });
    return rows.map(({ value }) => decode(Message, value));
  }
}
