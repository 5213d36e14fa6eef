/**
 * Large groups, as the sync service sees them: their topics, and the entries that are not kept for each member but computed
 * when a list is fetched, from the one copy of each message.
 */
import type { HiddenSpan, Session, TopicCalls } from "@parley/contracts";
import {
  type ConversationKey,
  HeadRow,
  MemberRow,
  NewestRow,
  TopicRow,
  groupOf,
  seesMessage,
} from "@parley/domain";
import {
  type ConversationEntry,
  type ConversationId,
  Event,
  Message,
  type ModuleEvent,
  SHARED_UNREAD_MAX,
  type TenantId,
  applyEvent,
  decode,
  emptyEntry,
  filled,
  isSignal,
} from "@parley/protocol";
import type { Row, WriteBackTables } from "@parley/tables";
import {
  CONVERSATION_EVENT,
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
  CONVERSATION_MODULE_NEWEST,
  conversationPartition,
} from "./conversation-tables.js";

type HiddenIn = (span: HiddenSpan) => Promise<readonly number[]>;

interface Membership {
  readonly key: ConversationKey;
  readonly head: HeadRow;
  readonly member: MemberRow;
  readonly firstVisible: number;
}

export class SharedGroups implements TopicCalls {
  readonly #tables: Pick<WriteBackTables, "find" | "findMany" | "range">;

  constructor(tables: Pick<WriteBackTables, "find" | "findMany" | "range">) {
    this.#tables = tables;
  }

  async complete(session: Session, entry: ConversationEntry, hiddenIn: HiddenIn): Promise<ConversationEntry> {
    if (!entry.isShared || !entry.isMember) return entry;
    const membership = await this.#find(session, entry.conversationId);
    // Whoever is no member any more has an event on the way that says so.
    if (membership === undefined) return entry;
    return this.#compute(session, entry, membership, hiddenIn);
  }

  /** The entry of any conversation as its rows say; undefined for who is not in it. Cost: as `complete`. */
  async entryOf(
    session: Session,
    conversationId: ConversationId,
    hiddenIn: HiddenIn,
  ): Promise<ConversationEntry | undefined> {
    const membership = await this.#find(session, conversationId);
    if (membership === undefined) return undefined;
    const { isShared } = membership.head;
    return this.#compute(session, { ...emptyEntry(conversationId), isShared }, membership, hiddenIn);
  }

  async #compute(
    session: Session,
    entry: ConversationEntry,
    { key, head, member, firstVisible }: Membership,
    hiddenIn: HiddenIn,
  ): Promise<ConversationEntry> {
    const { lastSequence } = head;
    // The last message is read in any case: it is shown.
    const from = Math.max(firstVisible, lastSequence - SHARED_UNREAD_MAX + 1);
    const first = Math.max(from, Math.min(member.readSequence + 1, lastSequence));
    const span = { conversationId: entry.conversationId, first, last: lastSequence };
    const rows = await this.#rows(key, first, lastSequence);
    const hidden = rows.length === 0 ? [] : await hiddenIn(span);
    const before: ConversationEntry = {
      ...entry,
      title: head.title,
      groupRevision: groupOf(head).revision,
      membersRevision: groupOf(head).membersRevision,
      firstVisible,
      // Messages above it are applied one by one, as a device does.
      lastSequence: first - 1,
      readSequence: member.readSequence,
      unread: 0,
      unreadRanges: [],
      lastMessage: undefined,
      updatedMs: member.joinedMs,
      hiddenAhead: hidden,
      unreadMentions: [],
      reactedAhead: [],
    };
    const after = rows.reduce((each, row) => {
      return applyEvent(each, eventOf(decode(Message, row.value), session), session.userId);
    }, before);
    const shown = await this.#findShown(session, key, rows, from);
    return {
      ...after,
      lastSequence,
      readSequence: Math.max(after.readSequence, after.unreadRanges.length === 0 ? lastSequence : 0),
      lastMessage: shown === undefined || (await this.#isHidden(shown, hidden, hiddenIn)) ? undefined : shown,
      updatedMs: shown?.timeMs ?? after.updatedMs,
      topicPts: head.topicPts,
      hiddenAhead: [],
      reactedAhead: [],
    };
  }

  /** The newest message that the list shows to this user: neither for others nor for other modules. */
  async #findShown(
    session: Session,
    key: ConversationKey,
    newest: readonly Row[],
    from: number,
  ): Promise<Message | undefined> {
    const isShown = (message: Message): boolean =>
      seesMessage(message, session.userId) && !isSignal(message.body);
    const found = newest.map(({ value }) => decode(Message, value)).findLast(isShown);
    const first = newest[0]?.sort[0] as number | undefined;
    if (found !== undefined || first === undefined || first <= from) return found;
    const older = await this.#rows(key, from, first - 1);
    return older.map(({ value }) => decode(Message, value)).findLast(isShown);
  }

  async #isHidden(
    { conversationId, sequence }: Message,
    known: readonly number[],
    hiddenIn: HiddenIn,
  ): Promise<boolean> {
    if (known.includes(sequence)) return true;
    return (await hiddenIn({ conversationId, first: sequence, last: sequence })).length > 0;
  }

  #rows(key: ConversationKey, first: number, last: number): Promise<readonly Row[]> {
    return this.#tables.range({
      table: CONVERSATION_MESSAGE,
      partition: conversationPartition(key),
      from: [first],
      before: [last + 1],
      limit: SHARED_UNREAD_MAX,
    });
  }

  lastTimes(tenantId: TenantId, conversationIds: readonly ConversationId[]): Promise<readonly number[]> {
    return Promise.all(
      conversationIds.map(async (conversationId) => {
        const partition = conversationPartition({ tenantId, conversationId });
        const head = await this.#tables.find(CONVERSATION_HEAD, partition, []);
        return head === undefined ? 0 : decode(HeadRow, head).lastTimeMs;
      }),
    );
  }

  async findTopic(
    session: Session,
    conversationId: ConversationId,
  ): Promise<{ readonly pts: number; readonly firstVisible: number } | undefined> {
    const membership = await this.#find(session, conversationId);
    if (membership === undefined || !membership.head.isShared) return undefined;
    return { pts: membership.head.topicPts, firstVisible: membership.firstVisible };
  }

  async readTopic(key: ConversationKey, pts: number, limit: number): Promise<readonly TopicRow[]> {
    const rows = await this.#tables.range({
      table: CONVERSATION_EVENT,
      partition: conversationPartition(key),
      from: [pts + 1],
      limit,
    });
    // Rows expire one by one, and not always the oldest first: what lies behind a hole is not next.
    const hole = rows.findIndex((row, index) => row.sort[0] !== pts + 1 + index);
    return (hole === -1 ? rows : rows.slice(0, hole)).map((row) => decode(TopicRow, row.value));
  }

  async newestInTopic(key: ConversationKey, modules: readonly ModuleEvent[]): Promise<readonly number[]> {
    const partition = conversationPartition(key);
    const keys = modules.map(({ module, collapseKey }) => ({ partition, sort: [module, collapseKey] }));
    const rows = await this.#tables.findMany(CONVERSATION_MODULE_NEWEST, keys);
    return rows.map((row) => (row === undefined ? 0 : decode(NewestRow, row).pts));
  }

  async #find(session: Session, conversationId: ConversationId): Promise<Membership | undefined> {
    const key = { tenantId: session.tenantId, conversationId };
    const partition = conversationPartition(key);
    const [head, member] = await Promise.all([
      this.#tables.find(CONVERSATION_HEAD, partition, []),
      this.#tables.find(CONVERSATION_MEMBER, partition, [session.userId]),
    ]);
    if (head === undefined || member === undefined) return undefined;
    const headRow = decode(HeadRow, head);
    const memberRow = decode(MemberRow, member);
    const firstVisible = Math.max(memberRow.firstVisible, headRow.firstKept);
    return { key, head: headRow, member: memberRow, firstVisible };
  }
}

/** What a device was told of a message, as far as it matters now: one that was recalled counts for nobody. */
function eventOf(message: Message, { userId }: Session): Event {
  const { conversationId, sequence, timeMs } = message;
  if (!seesMessage(message, userId)) return filled(Event, { voided: { conversationId, sequence, timeMs } });
  const isCountable = message.isCountable && message.recall === undefined;
  return filled(Event, { message: { ...message, isCountable } });
}
