import { type ConversationId, type UserId, directUsers } from "@parley/protocol";
import type { JSX } from "react";
import { Button } from "../controls/button.js";
import { titleOf } from "../conversations/conversation-title.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useConversations, useNames } from "../session/chat-context.js";
import { NO_FILTER, type SearchFilter } from "./search-filter.js";
import styles from "./search-filters.module.css";

/** People to choose from: those one talks with, the last first. */
const PEOPLE_MAX = 100;

/** In which conversation, of whom, and from when messages are searched. */
export function SearchFilters(props: {
  readonly filter: SearchFilter;
  /** The open conversation can be chosen. */
  readonly open: ConversationId | undefined;
  /** Whose messages were found. */
  readonly senders: readonly UserId[];
  readonly onChange: (filter: SearchFilter) => void;
}): JSX.Element {
  const { filter, open, senders, onChange } = props;
  const strings = useStrings();
  const words = strings.list;
  const { self } = useChat().client;
  const nameOf = useNames();
  const entries = useConversations();
  const direct = entries.flatMap(({ conversationId }) => directUsers(conversationId) ?? []);
  const chosen = filter.senderId === undefined ? [] : [filter.senderId];
  const people = [...new Set([self, ...chosen, ...senders, ...direct.slice(0, 2 * PEOPLE_MAX)])];
  const places = [...new Set([filter.within, open])].filter((each) => each !== undefined);
  const naming = { self, nameOf, untitled: strings.untitledGroup };
  const nameOfPlace = (conversationId: ConversationId): string => {
    const entry = entries.find((each) => each.conversationId === conversationId);
    return titleOf(entry ?? { conversationId, title: "" }, naming);
  };
  const set = (change: Partial<SearchFilter>): void => onChange({ ...filter, ...change });
  return (
    <div className={styles.filters} role="group" aria-label={words.searchFilters}>
      <select
        aria-label={words.searchIn}
        value={filter.within ?? ""}
        onChange={({ target }) => set({ within: (target.value as ConversationId) || undefined })}
      >
        <option value="">{words.everywhere}</option>
        {places.map((each) => (
          <option key={each} value={each}>
            {nameOfPlace(each)}
          </option>
        ))}
      </select>
      <select
        aria-label={words.searchOf}
        value={filter.senderId ?? ""}
        onChange={({ target }) => set({ senderId: (target.value as UserId) || undefined })}
      >
        <option value="">{words.anybody}</option>
        {people.slice(0, PEOPLE_MAX).map((each) => (
          <option key={each} value={each}>
            {each === self ? strings.you : nameOf(each)}
          </option>
        ))}
      </select>
      <input
        type="date"
        aria-label={words.fromDay}
        value={filter.fromDay}
        max={filter.untilDay}
        onChange={({ target }) => set({ fromDay: target.value })}
      />
      <input
        type="date"
        aria-label={words.untilDay}
        value={filter.untilDay}
        min={filter.fromDay}
        onChange={({ target }) => set({ untilDay: target.value })}
      />
      {filter === NO_FILTER ? null : (
        <Button kind="link" onClick={() => onChange(NO_FILTER)}>
          {words.noFilters}
        </Button>
      )}
    </div>
  );
}
