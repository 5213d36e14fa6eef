/** The list of conversations, with a field that searches it and the messages. */
import type { FoundMessage } from "@parley/client";
import type { ConversationEntry, ConversationId } from "@parley/protocol";
import { type JSX, useCallback, useMemo, useRef, useState } from "react";
import { Virtualizer } from "virtua";
import { Button } from "../controls/button.js";
import { holdPress } from "../controls/held-press.js";
import { Icon } from "../controls/icons.js";
import { Problem } from "../controls/problem.js";
import { Skeleton } from "../controls/skeleton.js";
import { useStrings } from "../preferences/preferences-context.js";
import { type MessagePlace, SearchResults } from "../search/search-results.js";
import { NO_FILTER } from "../search/search-filter.js";
import { SearchFilters } from "../search/search-filters.js";
import { useMessageSearch } from "../search/use-message-search.js";
import { useChat, useConnection, useConversations, useNames } from "../session/chat-context.js";
import { useNowMs } from "../session/use-signal.js";
import styles from "./conversation-list.module.css";
import { ConversationMenu, type ConversationMenuHandle } from "./conversation-menu.js";
import { ConversationRow } from "./conversation-row.js";
import { matches, type Naming, titleOf } from "./conversation-title.js";
import { FilterChips } from "./filter-chips.js";
import { type ListFilter, passesFilter } from "./list-filter.js";
import { useListAnchor } from "./use-list-anchor.js";
import { type ListKeys, useListKeys } from "./use-list-keys.js";

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
  const { query, change, isFiltering, toggle, searched, setSearched, search } = useListSearch();
  const { within } = searched;
  const [filter, setFilter] = useState<ListFilter>("all");
  const nowMs = useNowMs(MINUTE_MS);
  const isSearched = query.trim() !== "" || search.state !== "off";
  const naming = { self: client.self, nameOf, untitled: strings.untitledGroup };
  // A search without words finds messages and no conversations.
  const isListShown = within === undefined && (query.trim() !== "" || search.state === "off");
  const shown = isListShown ? shownOf(entries, { query, naming, filter, selected }) : [];
  const keys = useRowKeys(shown, search.hits, { onOpen, onOpenMessage });
  return (
    <nav
      className={styles.list}
      aria-label={strings.conversations}
      ref={keys.root}
      onKeyDown={keys.onKeyDown}
      onFocus={keys.onFocus}
    >
      <SearchField query={query} onChange={change} isFiltering={isFiltering} onToggle={toggle} />
      {isSearched || isFiltering ? null : <FilterChips filter={filter} onChange={setFilter} />}
      {search.state === "off" && !isFiltering ? null : (
        <SearchFilters
          filter={searched}
          open={selected}
          senders={search.hits.map(({ message }) => message.senderId)}
          onChange={setSearched}
        />
      )}
      {isListShown ? (
        <Rows
          entries={shown}
          focused={keys.focusedIndex}
          selected={selected}
          nowMs={nowMs}
          onOpen={onOpen}
          isSearched={isSearched}
          isFiltered={filter !== "all"}
          isElsewhere={search.state === "searching" || search.hits.length > 0}
        />
      ) : null}
      {within === undefined ? null : (
        <Button kind="link" onClick={() => setSearched({ ...searched, within: undefined })}>
          {strings.searchEverywhere}
        </Button>
      )}
      {search.state === "off" ? null : (
        <SearchResults
          search={search}
          nowMs={nowMs}
          onOpen={onOpenMessage}
          onNarrow={(conversationId) => setSearched({ ...searched, within: conversationId })}
        />
      )}
    </nav>
  );
}

/** What is searched for, in the field and by the filters. */
function useListSearch() {
  const [query, setQuery] = useState("");
  const [isFiltering, setIsFiltering] = useState(false);
  const [searched, setSearched] = useState(NO_FILTER);
  const search = useMessageSearch(query, searched);
  const change = (next: string): void => {
    setQuery(next);
    if (next.trim() === "" && !isFiltering) setSearched(NO_FILTER);
  };
  const toggle = (): void => {
    setIsFiltering(!isFiltering);
    if (isFiltering) setSearched(NO_FILTER);
  };
  return { query, change, isFiltering, toggle, searched, setSearched, search };
}

/** The keys go through the conversations, and on through what was found. */
function useRowKeys(
  shown: readonly ConversationEntry[],
  hits: readonly FoundMessage[],
  on: {
    readonly onOpen: (conversationId: ConversationId) => void;
    readonly onOpenMessage: (place: MessagePlace) => void;
  },
): ListKeys {
  const ids = shown.map(({ conversationId }): string => conversationId);
  return useListKeys(
    hits.length === 0 ? ids : [...ids, ...hits.map(({ message }) => message.messageId)],
    (id) => {
      const hit = hits.find(({ message }) => message.messageId === id);
      if (hit === undefined) on.onOpen(id as ConversationId);
      else on.onOpenMessage(hit.message);
    },
  );
}

/** Of the list what is looked for, or what the filter leaves; what is open stays, also when it is read. */
function shownOf(
  entries: readonly ConversationEntry[],
  by: {
    readonly query: string;
    readonly naming: Naming;
    readonly filter: ListFilter;
    readonly selected: ConversationId | undefined;
  },
): readonly ConversationEntry[] {
  const { query, naming, filter, selected } = by;
  if (query.trim() !== "") return entries.filter((entry) => matches(titleOf(entry, naming), query));
  if (filter === "all") return entries;
  return entries.filter((entry) => entry.conversationId === selected || passesFilter(entry, filter));
}

function SearchField(props: {
  readonly query: string;
  readonly onChange: (query: string) => void;
  readonly isFiltering: boolean;
  readonly onToggle: () => void;
}): JSX.Element {
  const { query, onChange, isFiltering, onToggle } = props;
  const strings = useStrings();
  return (
    <div className={styles.search}>
      <Icon name="search" size={18} />
      <input
        type="search"
        value={query}
        placeholder={strings.searchConversations}
        aria-label={strings.searchConversations}
        onChange={(event) => onChange(event.target.value)}
      />
      <button
        type="button"
        className={styles.searchBy}
        aria-expanded={isFiltering}
        aria-label={strings.list.searchBy}
        title={strings.list.searchBy}
        onClick={onToggle}
      >
        <Icon name="filter" size={18} />
      </button>
    </div>
  );
}

function Rows(
  props: ConversationListProps & {
    readonly entries: readonly ConversationEntry[];
    readonly isSearched: boolean;
    readonly isFiltered: boolean;
    /** What is looked for is in messages, or may be. */
    readonly isElsewhere: boolean;
    readonly focused: number | undefined;
    readonly nowMs: number;
  },
): JSX.Element | null {
  const { entries, isSearched, isFiltered, isElsewhere, focused, selected, nowMs } = props;
  const strings = useStrings();
  const { state } = useConnection();
  const menu = useRef<ConversationMenuHandle>(null);
  const [problem, setProblem] = useState("");
  const ids = useMemo(() => entries.map(({ conversationId }) => conversationId), [entries]);
  const { list, onScroll } = useListAnchor(ids);
  // The same functions all the time: a row is drawn anew only when something of it changes.
  const newest = useRef(props.onOpen);
  newest.current = props.onOpen;
  const onOpen = useCallback((conversationId: ConversationId) => newest.current(conversationId), []);
  const onMenu = useCallback(
    (entry: ConversationEntry, anchor: HTMLElement) => menu.current?.open(entry, anchor),
    [],
  );
  if (entries.length === 0) {
    if (isElsewhere) return null;
    if (isFiltered && !isSearched) return <Empty title={strings.list.nothingFiltered} hint="" />;
    if (isSearched) return <Empty title={strings.nothingFound} hint={strings.nothingFoundHint} />;
    if (state !== "live") return <Skeleton label={strings.loading} count={SKELETON_ROWS} shape="entry" />;
    return <Empty title={strings.noConversations} hint={strings.noConversationsHint} />;
  }
  return (
    <>
      <Problem text={problem} />
      <ConversationMenu ref={menu} onProblem={setProblem} />
      <div
        className={styles.rows}
        data-searched={isSearched}
        role="list"
        onScroll={onScroll}
        onPointerDown={holdPress}
      >
        <Virtualizer
          ref={list}
          data={entries}
          bufferSize={400}
          keepMounted={focused === undefined || focused >= entries.length ? [] : [focused]}
        >
          {(entry: ConversationEntry, index: number) => (
            // Not all are in the page: a screen reader is told how many there are.
            <div
              key={entry.conversationId}
              role="listitem"
              aria-setsize={entries.length}
              aria-posinset={index + 1}
            >
              <ConversationRow
                entry={entry}
                isSelected={entry.conversationId === selected}
                nowMs={nowMs}
                onOpen={onOpen}
                onMenu={onMenu}
              />
            </div>
          )}
        </Virtualizer>
      </div>
    </>
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
