/** Completes names after "@" in a field. */
import type { MentionName } from "@parley/client";
import type { ConversationId, UserId } from "@parley/protocol";
import { type KeyboardEvent, useEffect, useState } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import {
  matchingChoices,
  type MentionChoice,
  type MentionQuery,
  mentionQueryAt,
  withChoice,
} from "./mention-query.js";

const CHOICES_SHOWN = 8;
/** Of a large group so many are looked through by name, which has to be asked for. */
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
  const nameOf = useNames();
  const { client } = useChat();
  const [query, setQuery] = useState<MentionQuery>();
  const [chosen, setChosen] = useState(0);
  const [names, setNames] = useState<readonly MentionName[]>([]);
  const members = useMembers(conversationId, query !== undefined);
  const people = members
    .filter((userId) => userId !== client.self)
    .slice(0, MEMBERS_NAMED)
    .map((userId) => ({ userId, name: nameOf(userId) }));
  const all: readonly MentionChoice[] = isGroup ? [{ userId: "all", name: strings.everybody }] : [];
  const choices = query === undefined ? [] : matchingChoices([...all, ...people], query.text, CHOICES_SHOWN);
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
      setQuery(mentionQueryAt(text, cursor));
      setChosen(0);
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

/** The members, asked for when they are first needed. */
function useMembers(conversationId: ConversationId, isNeeded: boolean): readonly UserId[] {
  const { client } = useChat();
  const [members, setMembers] = useState<readonly UserId[]>();
  const isMissing = isNeeded && members === undefined;
  useEffect(() => {
    if (!isMissing) return undefined;
    let isNewest = true;
    client.members(conversationId).then(
      (all) => {
        if (isNewest) setMembers(all.map(({ userId }) => userId));
      },
      // Without them nobody is offered; the next "@" asks again.
      () => undefined,
    );
    return () => {
      isNewest = false;
    };
  }, [client, conversationId, isMissing]);
  return members ?? [];
}
