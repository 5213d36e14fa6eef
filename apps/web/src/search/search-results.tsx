/** What a search found in messages: by conversation, each with its matches marked. */
import type { FoundMessage } from "@parley/client";
import { type ConversationId, plainText } from "@parley/protocol";
import { type JSX, Fragment } from "react";
import { Button } from "../controls/button.js";
import { titleOf } from "../conversations/conversation-title.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useChat, useConversations, useNames } from "../session/chat-context.js";
import { foundParts } from "./found-text.js";
import styles from "./search-results.module.css";
import type { MessageSearch } from "./use-message-search.js";

export interface MessagePlace {
  readonly conversationId: ConversationId;
  readonly sequence: number;
}

/** The hits. */
export function SearchResults(props: {
  readonly search: MessageSearch;
  readonly nowMs: number;
  readonly onOpen: (place: MessagePlace) => void;
  /** Looks on in one conversation only. */
  readonly onNarrow: (conversationId: ConversationId) => void;
}): JSX.Element {
  const { search, nowMs, onOpen, onNarrow } = props;
  const strings = useStrings();
  const { client } = useChat();
  const nameOf = useNames();
  const entries = useConversations();
  const { hits, truncated, state, hasMore, loadMore } = search;
  const naming = { self: client.self, nameOf, untitled: strings.untitledGroup };
  return (
    <section className={styles.results} aria-label={strings.foundMessages} aria-busy={state === "searching"}>
      <h3 className={styles.head}>{strings.foundMessages}</h3>
      <p className={styles.state} role="status">
        {stateText(search)}
      </p>
      {hits.map((hit, index) => {
        const { conversationId } = hit.message;
        const isFirst = hits[index - 1]?.message.conversationId !== conversationId;
        const isLast = hits[index + 1]?.message.conversationId !== conversationId;
        const entry = entries.find((each) => each.conversationId === conversationId);
        const title = titleOf(entry ?? { conversationId, title: "" }, naming);
        return (
          <Fragment key={hit.message.messageId}>
            {isFirst ? (
              <h4 className={styles.conversation} dir="auto">
                {title}
              </h4>
            ) : null}
            <Hit hit={hit} nowMs={nowMs} onOpen={onOpen} />
            {isLast && truncated.has(conversationId) ? (
              <div className={styles.more}>
                <Button kind="link" onClick={() => onNarrow(conversationId)}>
                  {strings.moreIn(title)}
                </Button>
              </div>
            ) : null}
          </Fragment>
        );
      })}
      {hasMore && state !== "searching" ? (
        <div className={styles.more}>
          <Button kind="link" onClick={loadMore}>
            {strings.searchOn}
          </Button>
        </div>
      ) : null}
    </section>
  );

  function stateText({ state: now }: MessageSearch): string {
    if (now === "searching") return strings.searching;
    if (now === "failed") return strings.searchUnavailable;
    if (search.isLocal) return strings.searchedHere;
    return hits.length === 0 && !hasMore ? strings.noMessageFound : "";
  }
}

function Hit(props: {
  readonly hit: FoundMessage;
  readonly nowMs: number;
  readonly onOpen: (place: MessagePlace) => void;
}): JSX.Element {
  const { hit, nowMs, onOpen } = props;
  const { message, spans } = hit;
  const strings = useStrings();
  const times = useTimes();
  const nameOf = useNames();
  const { self } = useChat().client;
  let at = 0;
  return (
    <button type="button" className={styles.hit} data-key={message.messageId} onClick={() => onOpen(message)}>
      <span className={styles.sender}>
        {message.senderId === self ? strings.you : nameOf(message.senderId)}
      </span>
      <time className={styles.time} dateTime={new Date(message.timeMs).toISOString()}>
        {times.short(message.timeMs, nowMs)}
      </time>
      <span className={styles.text} dir="auto">
        {foundParts(plainText(message.body), spans).map((part) => {
          const key = at;
          at += part.text.length;
          return part.isMatch ? (
            <mark key={key}>{part.text}</mark>
          ) : (
            <Fragment key={key}>{part.text}</Fragment>
          );
        })}
      </span>
    </button>
  );
}
