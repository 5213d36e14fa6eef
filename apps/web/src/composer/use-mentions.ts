/**
 * Completes names after "@" in a field. No key waits for anything: who is known here is offered at once, and whom the server finds
 * among the members comes behind them.
 */
import type { MentionName } from "@parley/client";
import { type ConversationId, type UserId, directUsers } from "@parley/protocol";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import {
  matchingChoices,
  type MentionChoice,
  type MentionQuery,
  mentionQueryAt,
  withChoice,
  withMore,
} from "./mention-query.js";

/** Of those who are known here; whom the server finds comes on top. */
const CHOICES_AT_ONCE = 8;
const CHOICES_SHOWN = 16;
/** All members of a group of up to so many are kept here, for when there is no connection. */
const MEMBERS_NAMED = 200;

export interface Mentions {
  /** Empty while no name is being typed. */
  readonly choices: readonly MentionChoice[];
  readonly chosen: number;
  /** The names that were chosen for this draft. */
  readonly names: readonly MentionName[];
  readonly onCursor: (text: string, cursor: number) => void;
  /** Whether the key was for the list. */
  readonly onKey: (event: KeyboardEvent) => boolean;
  readonly choose: (choice: MentionChoice) => void;
}

export function useMentions(options: {
  readonly conversationId: ConversationId;
  readonly isGroup: boolean;
  readonly draft: string;
  readonly onChosen: (text: string, cursor: number) => void;
}): Mentions {
  const { conversationId, isGroup, draft, onChosen } = options;
  const strings = useStrings();
  const [query, setQuery] = useState<MentionQuery>();
  const [chosen, setChosen] = useState(0);
  const [names, setNames] = useState<readonly MentionName[]>([]);
  const people = usePeopleHere(conversationId, query?.text);
  const all: readonly MentionChoice[] = isGroup ? [{ userId: "all", name: strings.everybody }] : [];
  const choices = useShown(query?.text, (text) => {
    const here = matchingChoices([...all, ...people.known], text, CHOICES_AT_ONCE);
    return [here, people.found];
  });
  const choose = (choice: MentionChoice): void => {
    if (query === undefined) return;
    const { text, cursor, mention } = withChoice(draft, query, choice);
    setNames((before) => [...before.filter(({ label }) => label !== mention.label), mention]);
    setQuery(undefined);
    onChosen(text, cursor);
  };
  return {
    choices,
    chosen: Math.min(chosen, choices.length - 1),
    names,
    choose,
    onCursor: (text, cursor) => {
      const next = mentionQueryAt(text, cursor);
      setQuery(next);
      if (next?.text !== query?.text) setChosen(0);
    },
    onKey: (event) => {
      if (choices.length === 0 || event.nativeEvent.isComposing) return false;
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (step !== 0) setChosen((chosen + step + choices.length) % choices.length);
      else if (event.key === "Enter" || event.key === "Tab") choose(choices[chosen] ?? choices[0]!);
      else if (event.key === "Escape") setQuery(undefined);
      else return false;
      event.preventDefault();
      return true;
    },
  };
}

/** What is shown for a text: what comes later stands behind what was there, so that the chosen one stays in its place. */
function useShown(
  text: string | undefined,
  choicesOf: (text: string) => readonly (readonly MentionChoice[])[],
): readonly MentionChoice[] {
  const [shown, setShown] = useState<{ readonly text?: string; readonly choices: readonly MentionChoice[] }>({
    choices: [],
  });
  if (text === undefined) return [];
  const before = shown.text === text ? shown.choices : [];
  const choices = choicesOf(text).reduce((sum, more) => withMore(sum, more, CHOICES_SHOWN), before);
  // Kept at once: what is drawn is what the next drawing begins with.
  if (choices !== shown.choices || shown.text !== text) setShown({ text, choices });
  return choices;
}

/** Who may be meant: those who are known here, and whom the server found for this text. */
function usePeopleHere(
  conversationId: ConversationId,
  text: string | undefined,
): { readonly known: readonly MentionChoice[]; readonly found: readonly MentionChoice[] } {
  const { client, names } = useChat();
  const nameOf = useNames();
  const members = useFewMembers(conversationId, text !== undefined);
  const [answer, setAnswer] = useState<{
    readonly text: string;
    readonly choices: readonly MentionChoice[];
  }>();
  useEffect(() => {
    if (text === undefined) return undefined;
    let isNewest = true;
    const look = async (): Promise<void> => {
      for await (const users of client.findPeople(text, { conversationId, limit: CHOICES_SHOWN })) {
        if (!isNewest) return;
        names.learn(users);
        setAnswer({ text, choices: users.filter(({ userId }) => userId !== client.self) });
      }
    };
    // Without an answer those are offered who are known.
    look().catch(() => undefined);
    return () => {
      isNewest = false;
    };
  }, [client, names, conversationId, text]);
  const known = members
    .filter((userId) => userId !== client.self)
    .map((userId) => ({ userId, name: nameOf(userId) }));
  return { known, found: answer !== undefined && answer.text === text ? answer.choices : [] };
}

/** The members of a group that has few, asked for when they are first needed; none of a larger one. */
function useFewMembers(conversationId: ConversationId, isNeeded: boolean): readonly UserId[] {
  const { client } = useChat();
  const [members, setMembers] = useState<readonly UserId[]>([]);
  const isAsked = useRef(false);
  useEffect(() => {
    const isDirect = directUsers(conversationId) !== undefined;
    const count = isDirect ? 2 : client.groups.find(conversationId)?.memberCount;
    const isSmall = count !== undefined && count <= MEMBERS_NAMED;
    if (!isNeeded || isAsked.current || !isSmall) return;
    isAsked.current = true;
    client.members(conversationId).then(
      (all) => setMembers(all.map(({ userId }) => userId).slice(0, MEMBERS_NAMED)),
      // The next "@" asks again.
      () => (isAsked.current = false),
    );
  }, [client, conversationId, isNeeded]);
  return members;
}
