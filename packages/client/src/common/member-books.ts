/** Bringing the members of a group: all of them, or what changed since they were known. */
import { type ConversationId, DIRECTORY_PAGE_MAX, type Member, type UserId } from "@parley/protocol";
import { changedBook, type MemberBook } from "./group-cache.js";
import { DIRECTORY_PAGES_MAX } from "./limits.js";
import type { Requests } from "./requests.js";

type Calls = Pick<Requests, "call">;

/** What changed since; undefined: too much. Errors: those of a request. */
export async function bookWithChanges(
  requests: Calls,
  conversationId: ConversationId,
  since: MemberBook,
): Promise<MemberBook | undefined> {
  let book = since;
  for (let page = 0; page < DIRECTORY_PAGES_MAX; page++) {
    const sinceRevision = book.revision;
    const answer = await requests.call("listMembers", { conversationId, sinceRevision });
    if (answer.isReset) return undefined;
    book = changedBook(book, answer);
    if (book.revision >= answer.membersRevision || book.revision === sinceRevision) break;
  }
  return book;
}

/** All, by pages. Errors: those of a request. */
export async function wholeBook(requests: Calls, conversationId: ConversationId): Promise<MemberBook> {
  const byId = new Map<UserId, Member>();
  let after: UserId | undefined;
  let revision: number | undefined;
  for (let page = 0; page < DIRECTORY_PAGES_MAX; page++) {
    const limit = DIRECTORY_PAGE_MAX;
    const answer = await requests.call("listMembers", { conversationId, after, limit });
    for (const member of answer.members) byId.set(member.userId, member);
    // The first page's: who changes while the pages are read comes with what changed after it.
    revision ??= answer.revision;
    if (answer.next.length === 0) break;
    after = answer.next;
  }
  return { byId, revision: revision ?? 0, list: undefined };
}
