/** The list of conversations with a field to search it. */
import type { ConversationEntry, ConversationId } from "@parley/protocol";
import { type JSX, useState } from "react";
import { Virtualizer } from "virtua";
import { Icon } from "../controls/icons.js";
import { Skeleton } from "../controls/skeleton.js";
import { useStrings } from "../preferences/preferences-context.js";
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

/** The search field and what it leaves of the list. */
export function ConversationList({ selected, onOpen }: ConversationListProps): JSX.Element {
  const strings = useStrings();
  const { client } = useChat();
  const entries = useConversations();
  const nameOf = useNames();
  const [query, setQuery] = useState("");
  const naming = { self: client.self, nameOf, untitled: strings.untitledGroup };
  const shown =
    query.trim() === "" ? entries : entries.filter((entry) => matches(titleOf(entry, naming), query));
  const keys = useListKeys(
    shown.map(({ conversationId }) => conversationId),
    onOpen,
  );
  return (
    <nav
      className={styles.list}
      aria-label={strings.conversations}
      ref={keys.root}
      onKeyDown={keys.onKeyDown}
    >
      <label className={styles.search}>
        <Icon name="search" size={18} />
        <input
          type="search"
          value={query}
          placeholder={strings.searchConversations}
          aria-label={strings.searchConversations}
          onChange={(event) => setQuery(event.target.value)}
        />
      </label>
      <Rows
        entries={shown}
        focused={keys.focusedIndex}
        selected={selected}
        onOpen={onOpen}
        isSearched={query.trim() !== ""}
      />
    </nav>
  );
}

function Rows(
  props: ConversationListProps & {
    readonly entries: readonly ConversationEntry[];
    readonly isSearched: boolean;
    readonly focused: number | undefined;
  },
): JSX.Element {
  const { entries, isSearched, focused, selected, onOpen } = props;
  const strings = useStrings();
  const drafts = useDrafts();
  const { state } = useConnection();
  const nowMs = useNowMs(MINUTE_MS);
  if (entries.length === 0) {
    if (isSearched) return <Empty title={strings.nothingFound} hint={strings.nothingFoundHint} />;
    if (state !== "live") return <Skeleton label={strings.loading} count={SKELETON_ROWS} shape="entry" />;
    return <Empty title={strings.noConversations} hint={strings.noConversationsHint} />;
  }
  return (
    <div className={styles.rows} role="list">
      <Virtualizer data={entries} bufferSize={400} keepMounted={focused === undefined ? [] : [focused]}>
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
