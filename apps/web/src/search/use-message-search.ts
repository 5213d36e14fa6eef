/**
 * Searches the messages while somebody types: what was asked for last is what is shown. On the server; without a connection in what
 * this device holds.
 */
import type { FoundMessage } from "@parley/client";
import type { ConversationId } from "@parley/protocol";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useChat, useConnection } from "../session/chat-context.js";
import { isOfDays, type SearchFilter, spanOf } from "./search-filter.js";

/** So long nothing is typed before it is searched. */
const PAUSE_MS = 250;
/** A word of one letter finds too much; one Chinese character does not. */
const LETTERS_MIN = 2;

export interface MessageSearch {
  /** "off": nothing is searched, for too little was typed. */
  readonly state: "off" | "searching" | "done" | "failed";
  /** By conversation, the newest first within each; each message once. */
  readonly hits: readonly FoundMessage[];
  /** Conversations with more than these. */
  readonly truncated: ReadonlySet<ConversationId>;
  readonly hasMore: boolean;
  /** Only what this device holds was searched. */
  readonly isLocal: boolean;
  readonly loadMore: () => void;
}

interface Found {
  /** What was asked for. */
  readonly asked: string;
  readonly hits: readonly FoundMessage[];
  readonly truncated: ReadonlySet<ConversationId>;
  readonly next: string;
  readonly isLocal: boolean;
  readonly state: "searching" | "done" | "failed";
}

const NOTHING: Omit<Found, "asked"> = {
  hits: [],
  truncated: new Set(),
  next: "",
  isLocal: false,
  state: "searching",
};

/** `filter` is the same object until it changes. */
export function useMessageSearch(query: string, filter: SearchFilter): MessageSearch {
  const { client } = useChat();
  const isOffline = useConnection().state !== "live";
  const text = query.trim();
  const span = useMemo(() => spanOf(filter), [filter]);
  const asked = `${isOffline ? "here" : "all"} ${JSON.stringify(span)} ${text}`;
  const isAsked = isEnough(text) || (text === "" && (span.kind ?? span.senderId) !== undefined);
  const [found, setFound] = useState<Found>({ ...NOTHING, asked: "" });
  const newest = useRef("");
  newest.current = isAsked ? asked : "";
  const search = useCallback(
    async (before: Found): Promise<void> => {
      const options = { text, ...span };
      let after: Found;
      try {
        if (isOffline) {
          after = { ...before, isLocal: true };
          for await (const hits of client.searchLocal(text, options)) {
            if (newest.current !== before.asked) return;
            after = {
              ...after,
              hits: [...after.hits, ...hits.filter(({ message }) => isOfDays(message, span))],
            };
            setFound(after);
          }
          if (newest.current === before.asked) setFound({ ...after, state: "done" });
          return;
        }
        const page = await client.search(options, before.next);
        const known = new Set(before.hits.map(({ message }) => message.messageId));
        after = {
          asked: before.asked,
          hits: [...before.hits, ...page.hits.filter(({ message }) => !known.has(message.messageId))],
          truncated: new Set([...before.truncated, ...page.truncated]),
          next: page.next,
          isLocal: false,
          state: "done",
        };
      } catch {
        after = { ...before, state: "failed" };
      }
      // Something else may have been typed meanwhile.
      if (newest.current === before.asked) setFound(after);
    },
    [client, text, span, isOffline],
  );
  useEffect(() => {
    if (!isAsked) return undefined;
    const timer = setTimeout(() => void search({ ...NOTHING, asked }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [asked, isAsked, search]);
  const loadMore = useCallback(() => {
    setFound((now) => ({ ...now, state: "searching" }));
    void search(found);
  }, [found, search]);
  const shown = found.asked === asked ? found : { ...NOTHING, hits: [] };
  return {
    state: isAsked ? shown.state : "off",
    hits: isAsked ? shown.hits : [],
    truncated: shown.truncated,
    hasMore: shown.next !== "",
    isLocal: isAsked && shown.isLocal,
    loadMore,
  };
}

function isEnough(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- What is not ASCII.
  return text.length >= LETTERS_MIN || /[^\u0000-\u007f]/u.test(text);
}
