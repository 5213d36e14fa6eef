import { type ConversationId, type SearchKind, type User, type UserId, directUsers } from "@parley/protocol";
import { type JSX, useState } from "react";
import { Button } from "../controls/button.js";
import { PersonDialog } from "../dialogs/dialogs.js";
import { titleOf } from "../conversations/conversation-title.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useConversations, useNames } from "../session/chat-context.js";
import { NO_FILTER, type SearchFilter } from "./search-filter.js";
import styles from "./search-filters.module.css";

/** The choice that opens a dialog; no user has this id. */
const SOMEBODY_ELSE = "*" as UserId;
/** People to choose from: those one talks with, the last first. */
const PEOPLE_MAX = 100;
/** Conversations to choose from: the open one and those of the last time. */
const PLACES_MAX = 200;
const KINDS: readonly SearchKind[] = ["image", "video", "audio", "file", "link", "location", "card"];

/** In which conversation, of whom, of which kind, and from when messages are searched. */
export function SearchFilters(props: {
  readonly filter: SearchFilter;
  /** The open conversation can be chosen. */
  readonly open: ConversationId | undefined;
  /** Whose messages were found. */
  readonly senders: readonly UserId[];
  readonly onChange: (filter: SearchFilter) => void;
}): JSX.Element {
  const { filter, open, senders, onChange } = props;
  const words = useStrings().list;
  const set = (change: Partial<SearchFilter>): void => onChange({ ...filter, ...change });
  return (
    <div className={styles.filters} role="group" aria-label={words.searchFilters}>
      <Choice
        label={words.searchIn}
        any={words.everywhere}
        value={filter.within}
        options={usePlaces([filter.within, open])}
        onChoose={(within) => set({ within })}
      />
      <SenderFilter senderId={filter.senderId} senders={senders} onChange={(senderId) => set({ senderId })} />
      <Choice
        label={words.searchKind}
        any={words.anyKind}
        value={filter.kind}
        options={KINDS.map((kind) => [kind, words.kinds[kind]])}
        onChoose={(kind) => set({ kind })}
      />
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

/** Of whom: of those who are at hand, or of anybody who is looked for. */
function SenderFilter(props: {
  readonly senderId: UserId | undefined;
  readonly senders: readonly UserId[];
  readonly onChange: (senderId: UserId | undefined) => void;
}): JSX.Element {
  const { senderId, senders, onChange } = props;
  const words = useStrings().list;
  const { names } = useChat();
  const [isPicking, setIsPicking] = useState(false);
  return (
    <>
      <Choice
        label={words.searchOf}
        any={words.anybody}
        value={senderId}
        options={[...usePeople([senderId, ...senders]), [SOMEBODY_ELSE, words.somebodyElse]]}
        onChoose={(chosen) => {
          if (chosen === SOMEBODY_ELSE) setIsPicking(true);
          else onChange(chosen);
        }}
      />
      {isPicking ? (
        <PersonDialog
          onClose={() => setIsPicking(false)}
          onPick={(user: User) => {
            names.learn([user]);
            setIsPicking(false);
            onChange(user.userId);
          }}
        />
      ) : null}
    </>
  );
}

/** One of the options, or any. */
function Choice<T extends string>(props: {
  readonly label: string;
  readonly any: string;
  readonly value: T | undefined;
  /** Each with what it is called. */
  readonly options: readonly (readonly [T, string])[];
  readonly onChoose: (value: T | undefined) => void;
}): JSX.Element {
  const { label, any, value, options, onChoose } = props;
  return (
    <select
      aria-label={label}
      value={value ?? ""}
      onChange={({ target }) => onChoose(options.find(([option]) => option === target.value)?.[0])}
    >
      <option value="">{any}</option>
      {options.map(([option, name]) => (
        <option key={option} value={option}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** Those that are named here, and the conversations of the last time. */
function usePlaces(
  first: readonly (ConversationId | undefined)[],
): readonly (readonly [ConversationId, string])[] {
  const strings = useStrings();
  const { self } = useChat().client;
  const nameOf = useNames();
  const entries = useConversations();
  const named = first.flatMap((id) => entries.find((entry) => entry.conversationId === id) ?? []);
  const naming = { self, nameOf, untitled: strings.untitledGroup };
  return [...new Set([...named, ...entries.slice(0, PLACES_MAX)])].map((entry) => [
    entry.conversationId,
    titleOf(entry, naming),
  ]);
}

/** Oneself, those that are named here, and those one talks with. */
function usePeople(first: readonly (UserId | undefined)[]): readonly (readonly [UserId, string])[] {
  const strings = useStrings();
  const { self } = useChat().client;
  const nameOf = useNames();
  const direct = useConversations().flatMap(({ conversationId }) => directUsers(conversationId) ?? []);
  const named = first.filter((each) => each !== undefined);
  return [...new Set([self, ...named, ...direct])]
    .slice(0, PEOPLE_MAX)
    .map((each) => [each, each === self ? strings.you : nameOf(each)]);
}
