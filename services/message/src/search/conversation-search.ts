/**
 * Searching one conversation: its messages are read from the newest down, chunk by chunk, but for the chunks whose filter
 * says that the words are not there. What is found passes the one path on which messages are seen (HistoryReader).
 *
 *   1. A filter is asked and made only for chunks that this user may see from their first message on: what was said
 *      before somebody came changes nothing, not even what a page costs.
 *   2. A filter that is there knows every word that a message of its chunk says now (see chunk-changes.ts), its kinds and its
 *      sender, but for directed messages: these are looked at in any case.
 *   3. Every request ends: it stops when its budget is spent, but not before one chunk was looked at.
 */
import type { SearchHit, Session } from "@parley/contracts";
import { Message, PAGE_BYTES_MAX, countFitting, encode } from "@parley/protocol";
import { seesMessage } from "@parley/domain";
import type { WriteBackTables } from "@parley/tables";
import { CONVERSATION_SEARCH, conversationPartition } from "../conversation-tables.js";
import type { HistoryReader, Selection, View } from "../history.js";
import { type ChunkChanges, chunkOf, chunkSpan } from "./chunk-changes.js";
import { ChunkFilters } from "./chunk-filters.js";
import type { SearchBudget } from "./search-budget.js";
import { addMessageTerms, findSpans, type SearchQuery } from "./search-query.js";
import { searchedText } from "./searched-text.js";
import { encodeFilter, mayHoldAll, placesLeftOut } from "./term-filter.js";
import type { TermHash } from "./text-terms.js";

/** About what it takes to find a time in a conversation, in reads. */
const READS_PER_TIME = 20;

type SearchTables = Pick<WriteBackTables, "range" | "stage" | "isOverloaded">;

export interface SearchParts {
  readonly tables: SearchTables;
  readonly history: HistoryReader;
  readonly changes: Pick<ChunkChanges, "begin" | "end">;
}

/** Who asks, what they see, and what it may cost. */
interface Asked {
  readonly session: Session;
  readonly view: View;
  readonly budget: SearchBudget;
}

/** What is looked for, wherever. */
export interface Wanted {
  readonly query: SearchQuery;
  /** 0: from the first on. */
  readonly fromMs: number;
  /** Exclusive; 0: up to the newest. */
  readonly untilMs: number;
}

export interface Stretch {
  /** Exclusive; 0: from the newest on. */
  readonly before: number;
  readonly limit: number;
  /** Bytes that the page holds already. */
  readonly bytesUsed: number;
}

export interface Found {
  /** The newest first. */
  readonly hits: readonly SearchHit[];
  readonly bytes: number;
  /** Where it goes on; 0 when the conversation is searched. */
  readonly before: number;
}

/** Searches from `before` down until the page is full, the budget is spent or the conversation ends. */
export async function searchConversation(
  parts: SearchParts,
  asked: Asked,
  wanted: Wanted,
  stretch: Stretch,
): Promise<Found> {
  const { history } = parts;
  const { view, budget } = asked;
  const low = Math.max(1, wanted.fromMs > 0 ? await history.firstAt(view, wanted.fromMs) : view.firstVisible);
  const end = wanted.untilMs > 0 ? await history.firstAt(view, wanted.untilMs) : view.lastSequence + 1;
  if (wanted.fromMs > 0 || wanted.untilMs > 0) budget.spendReads(READS_PER_TIME);
  let before = stretch.before > 0 ? Math.min(stretch.before, end) : end;
  const filters = new ChunkFilters(parts.tables, view.key, budget);
  const hits: SearchHit[] = [];
  let bytes = 0;
  for (let chunks = 0; before > low; chunks++) {
    if (hits.length >= stretch.limit || stretch.bytesUsed + bytes >= PAGE_BYTES_MAX) break;
    if (chunks > 0 && budget.isSpent) break;
    const chunk = chunkOf(before - 1);
    const span = { first: Math.max(low, chunkSpan(chunk).first), last: before - 1 };
    const found = await searchChunk(parts, { ...asked, filters }, wanted, { chunk, ...span });
    for (const hit of found.toReversed()) {
      hits.push(hit);
      bytes += bytesOf(hit);
    }
    before = span.first;
  }
  return cut(hits, before > low ? before : 0, stretch);
}

/** A part of a chunk that is looked at, with all of it when its filter is to be made. */
interface Part {
  readonly chunk: number;
  readonly first: number;
  readonly last: number;
  /** The larger part that is read, when it is one, whose messages are told to somebody who answers nobody from them. */
  readonly read?: Pick<Selection, "first" | "last" | "onEach">;
}

/** What a chunk has from `first` to `last`, ascending. */
async function searchChunk(
  parts: SearchParts,
  asked: Asked & { readonly filters: ChunkFilters },
  wanted: Wanted,
  part: Part,
): Promise<readonly SearchHit[]> {
  const { view, filters } = asked;
  const { terms } = wanted.query;
  const whole = chunkSpan(part.chunk);
  const isWhole = whole.first >= view.firstVisible && whole.last <= view.lastSequence;
  if (!isWhole || terms.size === 0) return selectHits(parts, asked, wanted, part);
  const filter = await filters.find(part.chunk);
  if (filter === undefined) return makeFilter(parts, asked, wanted, part);
  if (mayHoldAll(filter, terms)) return selectHits(parts, asked, wanted, part);
  const leftOut = placesLeftOut(filter).map((place) => whole.first + place);
  if (leftOut.length === 0) return [];
  const first = Math.max(part.first, leftOut[0]!);
  return selectHits(parts, asked, wanted, { ...part, first, last: Math.min(part.last, leftOut.at(-1)!) });
}

/** Looks at a chunk that has no filter, and makes it. */
async function makeFilter(
  parts: SearchParts,
  asked: Asked,
  wanted: Wanted,
  part: Part,
): Promise<readonly SearchHit[]> {
  const { tables, changes } = parts;
  const { view } = asked;
  const { chunk } = part;
  const making = tables.isOverloaded ? undefined : changes.begin(view.key, chunk);
  if (making === undefined) return selectHits(parts, asked, wanted, part);
  try {
    const terms = new Set<TermHash>();
    const leftOut: number[] = [];
    const whole = chunkSpan(chunk);
    const onEach = (message: Message): void => {
      if (message.audience.length > 0) leftOut.push(message.sequence - whole.first);
      else addMessageTerms(message, terms);
    };
    const hits = await selectHits(parts, asked, wanted, { ...part, read: { ...whole, onEach } });
    // In one turn, without a wait: what changed before this was told, and what changes later deletes it.
    if (!making.isVoid) {
      const value = encodeFilter(terms, leftOut);
      const writes = [{ kind: "put" as const, table: CONVERSATION_SEARCH, sort: [chunk], value }];
      tables.stage({ partition: conversationPartition(view.key), writes });
    }
    return hits;
  } finally {
    changes.end(view.key, chunk);
  }
}

/** What is found in a part. */
async function selectHits(
  { history }: SearchParts,
  { session, view, budget }: Asked,
  { query }: Wanted,
  { first, last, read }: Part,
): Promise<readonly SearchHit[]> {
  const spans = new Map<number, readonly number[]>();
  const messages = await history.select(session, view, {
    first: read?.first ?? first,
    last: read?.last ?? last,
    isWanted: (message) => {
      const { sequence } = message;
      if (sequence < first || sequence > last) return false;
      const found = findSpans(query, message);
      if (found !== undefined) spans.set(sequence, found);
      return found !== undefined;
    },
    onEach: (message) => {
      // What others say to each other must not show in where a page ends.
      budget.spendText(seesMessage(message, session.userId) ? searchedText(message) : "");
      read?.onEach(message);
    },
  });
  return messages.map((message) => ({ message, spans: spans.get(message.sequence)! }));
}

/** What of it the page has room for; the next one begins with the first that has none. */
function cut(hits: readonly SearchHit[], before: number, { limit, bytesUsed }: Stretch): Found {
  const sizes = hits.slice(0, limit).map(bytesOf);
  const count = bytesUsed === 0 ? countFitting(sizes) : countFitting([bytesUsed, ...sizes]) - 1;
  const rest = hits[count];
  const bytes = sizes.slice(0, count).reduce((sum, each) => sum + each, 0);
  return {
    hits: hits.slice(0, count),
    bytes,
    before: rest === undefined ? before : rest.message.sequence + 1,
  };
}

function bytesOf({ message, spans }: SearchHit): number {
  return encode(Message, message).length + spans.length * 3;
}
