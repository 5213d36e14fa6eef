/** The list of conversations, with a field that searches it and the messages. */
import type { ConversationEntry, ConversationId } from "@parley/protocol";
import { type JSX, useState } from "react";
import { Virtualizer } from "virtua";
import { Button } from "../controls/button.js";
import { Icon } from "../controls/icons.js";
import { Skeleton } from "../controls/skeleton.js";
import { useStrings } from "../preferences/preferences-context.js";
import { type MessagePlace, SearchResults } from "../search/search-results.js";
import { useMessageSearch } from "../search/use-message-search.js";
import { useChat, useConnection, useConversations, useDrafts, useNames } from "../session/chat-context.js";
import { useNowMs } from "../session/use-signal.js";
import styles from "./conversation-list.module.css";
import { ConversationRow } from "./conversation-row.js";
import { matches, titleOf } from "./conversation-title.js";
import { useListKeys } from "./use-list-keys.js";

const SKELETON_ROWS = 6;
const MINUTE_MS = 60_000;

interface ConversationListProps {
  readonly selected: ConversationId | undefined;
  readonly onOpen: (conversationId: ConversationId) => void;
}

/** The search field, what it leaves of the list, and the messages that it finds. */
export function ConversationList({
  selected,
  onOpen,
  onOpenMessage,
}: ConversationListProps & { readonly onOpenMessage: (place: MessagePlace) => void }): JSX.Element {
  const strings = useStrings();
  const { client } = useChat();
  const entries = useConversations();
  const nameOf = useNames();
  const [query, setQuery] = useState("");
  const [within, setWithin] = useState<ConversationId>();
  const search = useMessageSearch(query, within);
  const nowMs = useNowMs(MINUTE_MS);
  const isSearched = query.trim() !== "";
  const naming = { self: client.self, nameOf, untitled: strings.untitledGroup };
  const named = isSearched ? entries.filter((entry) => matches(titleOf(entry, naming), query)) : entries;
  const shown = within === undefined ? named : [];
  const keys = useListKeys(
    [
      ...shown.map(({ conversationId }) => conversationId),
      ...search.hits.map(({ message }) => message.messageId),
    ],
    (id) => {
      const hit = search.hits.find(({ message }) => message.messageId === id);
      if (hit === undefined) onOpen(id as ConversationId);
      else onOpenMessage(hit.message);
    },
  );
  const change = (next: string): void => {
    setQuery(next);
    if (next.trim() === "") setWithin(undefined);
  };
  return (
    <nav
      className={styles.list}
      aria-label={strings.conversations}
      ref={keys.root}
      onKeyDown={keys.onKeyDown}
    >
      <SearchField query={query} onChange={change} />
      {within === undefined ? (
        <Rows
          entries={shown}
          focused={keys.focusedIndex}
          selected={selected}
          nowMs={nowMs}
          onOpen={onOpen}
          isSearched={isSearched}
          isElsewhere={search.state === "searching" || search.hits.length > 0}
        />
      ) : (
        <Button kind="link" onClick={() => setWithin(undefined)}>
          {strings.searchEverywhere}
        </Button>
      )}
      {search.state === "off" ? null : (
        <SearchResults
          search={search}
          firstIndex={shown.length}
          nowMs={nowMs}
          onOpen={onOpenMessage}
          onNarrow={setWithin}
        />
      )}
    </nav>
  );
}

function SearchField(props: {
  readonly query: string;
  readonly onChange: (query: string) => void;
}): JSX.Element {
  const { query, onChange } = props;
  const strings = useStrings();
  return (
    <label className={styles.search}>
      <Icon name="search" size={18} />
      <input
        type="search"
        value={query}
        placeholder={strings.searchConversations}
        aria-label={strings.searchConversations}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function Rows(
  props: ConversationListProps & {
    readonly entries: readonly ConversationEntry[];
    readonly isSearched: boolean;
    /** What is looked for is in messages, or may be. */
    readonly isElsewhere: boolean;
    readonly focused: number | undefined;
    readonly nowMs: number;
  },
): JSX.Element | null {
  const { entries, isSearched, isElsewhere, focused, selected, nowMs, onOpen } = props;
  const strings = useStrings();
  const drafts = useDrafts();
  const { state } = useConnection();
  if (entries.length === 0) {
    if (isElsewhere) return null;
    if (isSearched) return <Empty title={strings.nothingFound} hint={strings.nothingFoundHint} />;
    if (state !== "live") return <Skeleton label={strings.loading} count={SKELETON_ROWS} shape="entry" />;
    return <Empty title={strings.noConversations} hint={strings.noConversationsHint} />;
  }
  return (
    <div className={styles.rows} data-searched={isSearched} role="list">
      <Virtualizer
        data={entries}
        bufferSize={400}
        keepMounted={focused === undefined || focused >= entries.length ? [] : [focused]}
      >
        {(entry: ConversationEntry, index: number) => (
          <ConversationRow
            key={entry.conversationId}
            entry={entry}
            index={index}
            isSelected={entry.conversationId === selected}
            draft={entry.conversationId === selected ? "" : drafts.read(entry.conversationId)}
            nowMs={nowMs}
            onOpen={onOpen}
          />
        )}
      </Virtualizer>
    </div>
  );
}

function Empty({ title, hint }: { readonly title: string; readonly hint: string }): JSX.Element {
  return (
    <div className={styles.empty} role="status">
      <p>{title}</p>
      <p className={styles.hint}>{hint}</p>
    </div>
  );
}
