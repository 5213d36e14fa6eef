/**
 * Searching all conversations of a user, one after another, the most recently changed first; of each the newest
 * SEARCH_PER_CONVERSATION_MAX messages.
 *
 * The list changes while its pages are fetched. A conversation that changes moves to the front of it, perhaps past the search
 * that was to come to it. So in the end all that changed since the search began are searched once more, by id, which is an
 * order that does not change: each conversation is searched at least once, and a message may come twice.
 *
 *   block of the list -- by time --> those that changed since -- by id --> next block …
 */
import { type Clock, failureCode } from "@parley/base";
import type { SearchHit, SearchPage, Session, SyncCalls } from "@parley/contracts";
import {
  type ConversationEntry,
  type ConversationId,
  PAGE_BYTES_MAX,
  SEARCH_PER_CONVERSATION_MAX,
} from "@parley/protocol";
import { type SearchParts, type Wanted, searchConversation } from "./conversation-search.js";
import type { SearchBudget } from "./search-budget.js";
import { type LastSearched, type ListPosition, listCursor, parseListCursor } from "./search-cursor.js";

/** Entries of the list that are sorted at a time: more are searched block by block. */
const BLOCK_ENTRIES = 2_000;
/** What it takes to look at a conversation, in reads. */
const READS_PER_CONVERSATION = 4;
/** Entries of the list that cost as much as one read. */
const ENTRIES_PER_READ = 8;
/** What changed is in the list after this time, by far. */
const LIST_LAG_MS_MAX = 60_000;

export interface ListSearchParts extends SearchParts {
  readonly sync: Pick<SyncCalls, "listConversations">;
  readonly clock: Clock;
}

interface PageSoFar {
  readonly hits: SearchHit[];
  readonly truncated: ConversationId[];
  bytes: number;
}

/** One page. Errors: "bad-request" for a cursor that is none. */
export async function searchList(
  parts: ListSearchParts,
  asked: { readonly session: Session; readonly budget: SearchBudget },
  wanted: Wanted,
  { cursor, limit }: { readonly cursor: string; readonly limit: number },
): Promise<SearchPage> {
  const page: PageSoFar = { hits: [], truncated: [], bytes: 0 };
  let position: ListPosition =
    cursor === ""
      ? { block: "", isAgain: false, beganMs: parts.clock.nowMs(), last: undefined }
      : parseListCursor(cursor);
  for (;;) {
    const block = await readBlock(parts.sync, asked, position.block);
    // When the list was read once for all of a block, nothing can have moved meanwhile.
    const isAtOnce = position.last === undefined && !position.isAgain;
    const last = await searchBlock(parts, asked, wanted, { page, limit, position, entries: block.entries });
    if (last !== undefined) return { ...page, next: listCursor({ ...position, last }) };
    if (!isAtOnce && !position.isAgain) position = { ...position, isAgain: true, last: undefined };
    else if (block.next === "") return { ...page, next: "" };
    else position = { block: block.next, isAgain: false, beganMs: parts.clock.nowMs(), last: undefined };
    if (asked.budget.isSpent || isFull(page, limit)) return { ...page, next: listCursor(position) };
  }
}

/** Searches what of a block is left. Resolves with where it stopped, or undefined when the block is done. */
async function searchBlock(
  parts: ListSearchParts,
  asked: { readonly session: Session; readonly budget: SearchBudget },
  wanted: Wanted,
  {
    page,
    limit,
    position,
    entries,
  }: {
    readonly page: PageSoFar;
    readonly limit: number;
    readonly position: ListPosition;
    readonly entries: readonly ConversationEntry[];
  },
): Promise<LastSearched | undefined> {
  let last = position.last;
  for (const { conversationId, updatedMs } of remaining(entries, position)) {
    if (last !== undefined && (isFull(page, limit) || asked.budget.isSpent)) return last;
    const isSame = last?.conversationId === conversationId && last.before > 0;
    const { before, shown } = isSame ? last! : { before: 0, shown: 0 };
    asked.budget.spendReads(READS_PER_CONVERSATION);
    const view = await parts.history.authorize(asked.session, conversationId).catch(ifMember);
    if (view === undefined) continue;
    const room = SEARCH_PER_CONVERSATION_MAX - shown;
    const found = await searchConversation(parts, { ...asked, view }, wanted, {
      before,
      // One more tells whether there are more.
      limit: room + 1,
      bytesUsed: page.bytes,
    });
    const hits = found.hits.slice(0, Math.min(room, limit - page.hits.length));
    page.hits.push(...hits);
    page.bytes += found.bytes;
    const isCut = found.hits.length > room && hits.length === room;
    if (isCut) page.truncated.push(conversationId);
    const rest = isCut ? undefined : found.hits[hits.length];
    const next = isCut ? 0 : rest === undefined ? found.before : rest.message.sequence + 1;
    last = { conversationId, updatedMs, before: next, shown: shown + hits.length };
    if (next > 0) return last;
  }
  return undefined;
}

/** What is searched yet, in order; first the one that the page before stopped in. */
function remaining(
  entries: readonly ConversationEntry[],
  { isAgain, beganMs, last }: ListPosition,
): readonly ConversationEntry[] {
  const order = isAgain ? byId : byTime;
  return entries
    .filter((entry) => entry.isMember && (!isAgain || entry.updatedMs > beganMs - LIST_LAG_MS_MAX))
    .filter((entry) => {
      if (last === undefined) return true;
      const compared = order(entry, last);
      return compared > 0 || (compared === 0 && last.before > 0);
    })
    .toSorted(order);
}

async function readBlock(
  sync: Pick<SyncCalls, "listConversations">,
  { session, budget }: { readonly session: Session; readonly budget: SearchBudget },
  after: string,
): Promise<{ readonly entries: readonly ConversationEntry[]; readonly next: string }> {
  const entries: ConversationEntry[] = [];
  let cursor = after;
  do {
    const page = await sync.listConversations(session, { cursor, limit: 0 });
    entries.push(...page.entries);
    cursor = page.next;
  } while (cursor !== "" && entries.length < BLOCK_ENTRIES);
  budget.spendReads(Math.ceil(entries.length / ENTRIES_PER_READ));
  return { entries, next: cursor };
}

type Place = Pick<ConversationEntry, "conversationId" | "updatedMs">;

function byTime(one: Place, other: Place): number {
  return other.updatedMs - one.updatedMs || byId(one, other);
}

function byId(one: Place, other: Place): number {
  if (one.conversationId === other.conversationId) return 0;
  return one.conversationId < other.conversationId ? -1 : 1;
}

/** Who is no member any more sees nothing of it; everything else is a failure of the search. */
function ifMember(error: unknown): undefined {
  if (failureCode(error) !== "not-a-member") throw error;
}

function isFull({ hits, bytes }: PageSoFar, limit: number): boolean {
  return hits.length >= limit || bytes >= PAGE_BYTES_MAX;
}
