/** What is fetched after the first screen: what is shown of who is there and who types, and whether somebody is at the page. */
import type { ConversationId, UserId } from "@parley/protocol";
import type { JSX } from "react";
import { usePreferences, useTimes } from "../preferences/preferences-context.js";
import { useNames } from "../session/chat-context.js";
import { useNowMs } from "../session/use-signal.js";
import { presenceText, typingText } from "./presence-text.js";
import { PRESENCE_WORDS, type PresenceWords } from "./presence-words.js";
import { usePresence, useTypists } from "./use-presence.js";

export { watchActivity } from "./activity.js";

const RENEW_MS = 30_000;

/** Full when somebody is there, a ring when somebody is away, nothing otherwise. */
export function Dot(props: {
  readonly userId: UserId;
  readonly look: string | undefined;
}): JSX.Element | null {
  const { state } = usePresence(props.userId);
  if (state !== "online" && state !== "away") return null;
  return <span className={props.look} data-presence={state} aria-hidden="true" />;
}

/** What the dot shows, in a word that is only heard. */
export function Word({ userId }: { readonly userId: UserId }): JSX.Element | null {
  const { states } = useWords();
  const { state } = usePresence(userId);
  return state === "online" || state === "away" ? <span className="unseen">{states[state]}</span> : null;
}

export function PresenceText({ userId }: { readonly userId: UserId }): string {
  const nowMs = useNowMs(RENEW_MS);
  return presenceText(usePresence(userId), useWords(), useTimes(), nowMs);
}

export function TypingText({ conversationId }: { readonly conversationId: ConversationId }): string {
  const nameOf = useNames();
  return typingText(useTypists(conversationId).map(nameOf), useWords());
}

function useWords(): PresenceWords {
  return PRESENCE_WORDS[usePreferences().preferences.language];
}
