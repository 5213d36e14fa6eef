/** What searches do wrong when they do not look at each message as it is, with the eyes of who asks. */
import type { Calls } from "@parley/gateway";
import { plainText } from "@parley/protocol";

export type Search = Calls["message"]["search"];
type Session = Parameters<Search>[0];
type Hit = Awaited<ReturnType<Search>>["hits"][number];

/** Whoever searches finds what the first one who searched would find, if that is anything. */
export function searchAsSomebodyElse(search: Search): Search {
  const sessions: Session[] = [];
  return async (session, request) => {
    if (sessions.every(({ userId }) => userId !== session.userId)) sessions.push(session);
    for (const other of sessions) {
      const page = await search(other, request).catch(() => undefined);
      if (page !== undefined) return page;
    }
    return search(session, request);
  };
}

/** As an index that nobody tells of recalls and edits: what was found once is found for ever. */
export function searchInWhatWasFound(search: Search): Search {
  const known = new Map<string, Hit>();
  return async (session, request) => {
    const page = await search(session, request);
    for (const hit of page.hits) known.set(hit.message.messageId, hit);
    const missing = [...known.values()].filter(
      ({ message }) =>
        message.conversationId === request.conversationId &&
        plainText(message.body).includes(request.text) &&
        page.hits.every((hit) => hit.message.messageId !== message.messageId),
    );
    return { ...page, hits: [...page.hits, ...missing] };
  };
}
