/** A search over the rows of conversations that a test writes, with the store that stages changes of messages. */
import type { SearchHit, SearchPage, SearchRequest, Session } from "@parley/contracts";
import { ManualTime } from "@parley/base/testing";
import { type ConversationChanges, HeadRow, MemberRow, emptyConversation } from "@parley/domain";
import {
  type ConversationEntry,
  type ConversationId,
  type Init,
  type UserId,
  AS_SENT,
  Body,
  Message,
  emptyEntry,
  encode,
  filled,
  textBody,
} from "@parley/protocol";
import { MemoryTableStore, MemoryTables, type RangeQuery, type Row, WriteBackTables } from "@parley/tables";
import { ConversationStore } from "../conversation-store.js";
import { CONVERSATION_MEMBER, CONVERSATION_MESSAGE, conversationPartition } from "../conversation-tables.js";
import { HistoryReader } from "../history.js";
import { MessageSearch } from "../search/message-search.js";
import type { BudgetOptions } from "../search/search-budget.js";
import { SESSION } from "./history-bench.js";

const NOTHING: ConversationChanges = {
  messages: [],
  changed: [],
  members: [],
  sends: [],
  edits: [],
  topic: [],
  sums: [],
  reactions: [],
  pins: [],
  cards: [],
  cardParts: [],
  cardActions: [],
  requests: [],
  memberChanges: [],
  modules: [],
};

/** Tables that count the rows that are read of messages. */
class CountingTables extends MemoryTables {
  messageRows = 0;

  override async range(query: RangeQuery): Promise<readonly Row[]> {
    const rows = await super.range(query);
    if (query.table === CONVERSATION_MESSAGE) this.messageRows += rows.length;
    return rows;
  }
}

export class SearchBench {
  readonly time = new ManualTime();
  readonly engine = new CountingTables(new MemoryTableStore(), this.time);
  readonly tables = new WriteBackTables({
    tables: this.engine,
    clock: this.time,
    scheduler: this.time,
    onFailure: (failure) => {
      throw failure;
    },
  });
  readonly store = new ConversationStore({ tables: this.tables, partitionCount: 1, retentionMs: 1 });
  readonly search: MessageSearch;
  /** The conversation list of everybody. */
  entries: ConversationEntry[] = [];
  readonly hidden = new Set<string>();
  readonly #texts = new Map<ConversationId, string[]>();

  constructor(budget: BudgetOptions = {}) {
    const sync = {
      hiddenSequences: async (
        _session: Session,
        span: { readonly conversationId: ConversationId; readonly first: number; readonly last: number },
      ) => {
        const sequences = Array.from(
          { length: span.last - span.first + 1 },
          (_, index) => span.first + index,
        );
        return sequences.filter((sequence) => this.hidden.has(`${span.conversationId} ${sequence}`));
      },
      listConversations: async () => ({
        entries: this.entries.toSorted((one, other) => (one.conversationId < other.conversationId ? -1 : 1)),
        next: "",
      }),
    };
    this.search = new MessageSearch({
      tables: this.tables,
      history: new HistoryReader(this.tables, sync),
      sync,
      clock: this.time,
      changes: this.store.chunkChanges,
      budget,
    });
  }

  /** A conversation of the session's user with these messages, at 1 ms, 2 ms and so on from `fromMs`; and its entry. */
  write(
    conversationId: ConversationId,
    texts: readonly string[],
    options: {
      readonly firstVisible?: number;
      readonly fromMs?: number;
      /** Messages that are for bob and somebody else only. */
      readonly directed?: readonly number[];
      /** Of these what they are instead of a text. */
      readonly bodies?: Readonly<Record<number, Init<Body>>>;
    } = {},
  ): void {
    const { firstVisible = 1, fromMs = 1, directed = [], bodies = {} } = options;
    this.#texts.set(conversationId, [...texts]);
    const partition = conversationPartition({ tenantId: SESSION.tenantId, conversationId });
    const state = emptyConversation({ tenantId: SESSION.tenantId, conversationId });
    state.head = filled(HeadRow, { lastSequence: texts.length });
    const messages = texts.map((text, index) => ({
      ...this.#message(conversationId, index + 1, { text, fromMs }),
      ...(index + 1 in bodies ? { body: filled(Body, bodies[index + 1]!) } : {}),
      ...(directed.includes(index + 1) ? { senderId: "bob" as UserId, audience: ["cy" as UserId] } : {}),
    }));
    this.store.stage(state, { ...NOTHING, messages }, 0);
    const value = encode(MemberRow, { role: "member", firstVisible });
    this.tables.stage({
      partition,
      writes: [SESSION.userId, "bob", "cy"].map((userId) => ({
        kind: "put",
        table: CONVERSATION_MEMBER,
        sort: [userId],
        value,
      })),
    });
    const updatedMs = fromMs + texts.length - 1;
    this.entries = this.entries.filter((entry) => entry.conversationId !== conversationId);
    this.entries.push({ ...emptyEntry(conversationId), updatedMs });
  }

  /** As the machine stages an edit, or a recall when there is no text. */
  change(conversationId: ConversationId, sequence: number, text: string | undefined): void {
    const state = emptyConversation({ tenantId: SESSION.tenantId, conversationId });
    state.head = filled(HeadRow, { lastSequence: this.#texts.get(conversationId)!.length });
    const message = this.#message(conversationId, sequence, { text, fromMs: 1 });
    this.store.stage(state, { ...NOTHING, changed: [message] }, 0);
  }

  page(request: Partial<SearchRequest>, userId: string = SESSION.userId): Promise<SearchPage> {
    return this.search.search(
      { ...SESSION, userId: userId as UserId },
      {
        text: "",
        conversationId: undefined,
        senderId: undefined,
        kind: "",
        fromMs: 0,
        untilMs: 0,
        cursor: "",
        limit: 0,
        ...request,
      },
    );
  }

  /** All pages. */
  async pages(request: Partial<SearchRequest>, userId?: string): Promise<readonly SearchPage[]> {
    const pages: SearchPage[] = [];
    let cursor = "";
    do {
      const page = await this.page({ ...request, cursor }, userId);
      pages.push(page);
      cursor = page.next;
    } while (cursor !== "");
    return pages;
  }

  async hits(request: Partial<SearchRequest>, userId?: string): Promise<readonly SearchHit[]> {
    return (await this.pages(request, userId)).flatMap(({ hits }) => hits);
  }

  #message(
    conversationId: ConversationId,
    sequence: number,
    { text, fromMs }: { readonly text: string | undefined; readonly fromMs: number },
  ): Message {
    const whole: Init<Message> = {
      conversationId,
      sequence,
      senderId: (sequence % 2 === 0 ? "ann" : "bob") as UserId,
      timeMs: fromMs + sequence - 1,
      ...AS_SENT,
      ...(text === undefined
        ? { recall: { actorId: "ann" as UserId, timeMs: 1 } }
        : { body: textBody(text) }),
    };
    return filled(Message, whole);
  }
}

export function sequencesOf(hits: readonly SearchHit[]): readonly number[] {
  return hits.map(({ message }) => message.sequence);
}
