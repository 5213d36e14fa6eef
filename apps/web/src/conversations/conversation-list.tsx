/**
 * The list of conversations with a field to search it. Up and down go through the field and the rows, Enter opens; the
 * list is virtual, so a row is scrolled to before it gets the focus.
 */
import type { ConversationEntry, ConversationId } from "@parley/protocol";
import { type JSX, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { Icon } from "../controls/icons.js";
import { Skeleton } from "../controls/skeleton.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useConnection, useConversations, useDrafts, useNames } from "../session/chat-context.js";
import { useNowMs } from "../session/use-signal.js";
import styles from "./conversation-list.module.css";
import { ConversationRow } from "./conversation-row.js";
import { matches, titleOf } from "./conversation-title.js";

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
  const keys = useListKeys(shown, onOpen);
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
      <Rows {...keys} entries={shown} selected={selected} onOpen={onOpen} isSearched={query.trim() !== ""} />
    </nav>
  );
}

function Rows(
  props: ConversationListProps & {
    readonly entries: readonly ConversationEntry[];
    readonly isSearched: boolean;
    readonly list: React.RefObject<VirtualizerHandle | null>;
  },
): JSX.Element {
  const { entries, isSearched, selected, onOpen, list } = props;
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
      <Virtualizer ref={list} data={entries} bufferSize={400}>
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

/** Moves the focus with the arrow keys. */
function useListKeys(
  entries: readonly ConversationEntry[],
  onOpen: (conversationId: ConversationId) => void,
): {
  readonly root: React.RefObject<HTMLElement | null>;
  readonly list: React.RefObject<VirtualizerHandle | null>;
  readonly onKeyDown: (event: KeyboardEvent) => void;
} {
  const root = useRef<HTMLElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const [wanted, setWanted] = useState<number>();
  useEffect(() => {
    if (wanted === undefined) return undefined;
    list.current?.scrollToIndex(wanted, { align: "nearest" });
    // The row is there in the frame after the one that scrolled.
    const frame = requestAnimationFrame(() => {
      root.current?.querySelector<HTMLElement>(`[data-index="${wanted}"]`)?.focus();
      setWanted(undefined);
    });
    return () => cancelAnimationFrame(frame);
  }, [wanted]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    const index = Number(target.closest<HTMLElement>("[data-index]")?.dataset["index"] ?? -1);
    const next = nextIndex(event.key, index, entries.length);
    if (next === undefined) {
      const first = entries[0];
      if (event.key !== "Enter" || index >= 0 || first === undefined || event.nativeEvent.isComposing) return;
      onOpen(first.conversationId);
    } else if (next < 0) root.current?.querySelector("input")?.focus();
    else setWanted(next);
    event.preventDefault();
  };
  return { root, list, onKeyDown };
}

/** Where a key leads from a row, -1 being the search field; undefined when it leads nowhere. */
function nextIndex(key: string, index: number, count: number): number | undefined {
  if (key === "ArrowDown") return index + 1 < count ? index + 1 : undefined;
  if (key === "ArrowUp") return index >= 0 ? index - 1 : undefined;
  // In the field these move the cursor.
  if (index < 0) return undefined;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}
