/**
 * The indexes of reading of some conversations: made when asked for, from the state of the machine when that is in memory and
 * from rows else, and kept up to date by the Processor.
 */
import { LruMap } from "@parley/base";
import { type ConversationKey, HeadRow, MemberRow } from "@parley/domain";
import { type UserId, decode } from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import { type ConversationStore, conversationName } from "./conversation-store.js";
import { CONVERSATION_HEAD, CONVERSATION_MEMBER, conversationPartition } from "./conversation-tables.js";
import type { OnApplied } from "./processor.js";
import { ReadIndex } from "./read-index.js";

/** Conversations whose index is kept. */
const INDEXES_MAX = 256;
/** Members of all indexes that were made since all were dropped: about 100 MB. */
const INDEXED_MEMBERS_MAX = 1_000_000;
const PAGE_ROWS = 5_000;

interface Kept {
  readonly index: ReadIndex;
  readonly loaded: Promise<void>;
}

export class ReadIndexes {
  readonly #tables: WriteBackTables;
  readonly #store: Pick<ConversationStore, "find">;
  readonly #kept = new LruMap<string, Kept>();
  #memberCount = 0;

  constructor(tables: WriteBackTables, store: Pick<ConversationStore, "find">) {
    this.#tables = tables;
    this.#store = store;
  }

  /** Called by the Processor for every record that passes it. */
  readonly onApplied: OnApplied = (_at, { key, head }, changes) => {
    if (changes === undefined || changes.members.length === 0 || this.#kept.size === 0) return;
    const kept = this.#kept.peek(conversationName(key));
    if (kept === undefined) return;
    for (const { userId, row } of changes.members) kept.index.set(userId, row);
    kept.index.revision = Math.max(kept.index.revision, head?.reading?.revision ?? 0);
  };

  /** The index of a conversation. Cost: the first time a read of all member rows. */
  async find(key: ConversationKey): Promise<ReadIndex> {
    const name = conversationName(key);
    let kept = this.#kept.find(name);
    if (kept === undefined) {
      const index = new ReadIndex();
      kept = { index, loaded: this.#copy(key, index) ? Promise.resolve() : this.#load(key, index) };
      this.#kept.put(name, kept);
      this.#kept.cutTo(INDEXES_MAX);
    }
    try {
      await kept.loaded;
    } catch (error) {
      if (this.#kept.peek(name) === kept) this.#kept.delete(name);
      throw error;
    }
    return kept.index;
  }

  /** Takes what the machine has in memory: false when it has not. Nothing is awaited, so nothing comes in between. */
  #copy(key: ConversationKey, index: ReadIndex): boolean {
    const state = this.#store.find(key);
    if (state?.head === undefined) return false;
    for (const [userId, row] of state.members) index.load(userId, row);
    index.revision = state.head.reading?.revision ?? 0;
    this.#finish(index);
    return true;
  }

  /** The head first: what changes the rows after it makes the index newer than its revision says, never older. */
  async #load(key: ConversationKey, index: ReadIndex): Promise<void> {
    const partition = conversationPartition(key);
    const head = await this.#tables.find(CONVERSATION_HEAD, partition, []);
    if (head !== undefined)
      index.revision = Math.max(index.revision, decode(HeadRow, head).reading?.revision ?? 0);
    let from: readonly string[] | undefined;
    for (;;) {
      const rows = await this.#tables.range({
        table: CONVERSATION_MEMBER,
        partition,
        limit: PAGE_ROWS,
        ...(from === undefined ? {} : { from }),
      });
      for (const { sort, value } of rows) index.load(sort[0] as UserId, decode(MemberRow, value));
      if (rows.length < PAGE_ROWS) break;
      from = [`${String(rows.at(-1)!.sort[0])}\u0000`];
    }
    this.#finish(index);
  }

  #finish(index: ReadIndex): void {
    index.finishLoading();
    this.#memberCount += index.size;
    if (this.#memberCount <= INDEXED_MEMBERS_MAX) return;
    this.#kept.cutTo(0);
    this.#memberCount = 0;
  }
}
