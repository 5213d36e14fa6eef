/** What the server itself shows a user, fetched by a device that has never been there and does not use the SDK. */
import { isDeepStrictEqual } from "node:util";
import type { RawClient } from "@parley/bench";
import {
  type ConversationEntry,
  type ConversationId,
  HISTORY_PAGE_MAX,
  LIST_PAGE_MAX,
  type Message,
} from "@parley/protocol";

const PAGES_MAX = 1_000;

export interface FreshView {
  /** As the server orders them. */
  readonly entries: readonly ConversationEntry[];
  /** All that the user may see, ascending; nothing of a conversation that it has left. */
  readonly messages: ReadonlyMap<ConversationId, readonly Message[]>;
}

/** Everything that a new device of a user would see. */
export async function fetchFresh(client: RawClient): Promise<FreshView> {
  const entries = await fetchList(client);
  const messages = new Map<ConversationId, readonly Message[]>();
  for (const { conversationId, isMember } of entries)
    if (isMember) messages.set(conversationId, await fetchHistory(client, conversationId));
  return { entries, messages };
}

export async function fetchList(client: RawClient): Promise<ConversationEntry[]> {
  const entries: ConversationEntry[] = [];
  let cursor = "";
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await client.request("listConversations", { cursor, limit: LIST_PAGE_MAX });
    if (answer.name !== "conversationList") throw new Error(`The list was answered with ${answer.name}.`);
    entries.push(...answer.payload.entries);
    cursor = answer.payload.next;
    if (cursor === "") return entries;
  }
  throw new Error("The list does not end.");
}

export async function fetchHistory(client: RawClient, conversationId: ConversationId): Promise<Message[]> {
  const pages: (readonly Message[])[] = [];
  let before = 0;
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await client.request("getHistory", { conversationId, before, limit: HISTORY_PAGE_MAX });
    if (answer.name !== "historyPage")
      throw new Error(`History was answered with ${JSON.stringify(answer)}.`);
    const { first, last, messages, firstVisible } = answer.payload;
    pages.push(messages);
    if (first > last || first <= firstVisible) return pages.toReversed().flat();
    before = first;
  }
  throw new Error("The history does not end.");
}

/** Whether a device's list says what the server's says. Their order among equals is free. */
export function isSameList(
  mine: readonly ConversationEntry[],
  theirs: readonly ConversationEntry[],
): boolean {
  return isDeepStrictEqual(byId(mine), byId(theirs));
}

function byId(entries: readonly ConversationEntry[]): Map<ConversationId, ConversationEntry> {
  return new Map(entries.map((entry) => [entry.conversationId, entry]));
}
