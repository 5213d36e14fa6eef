import type { Message } from "@parley/protocol";
import type { JSX } from "react";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import styles from "./reactions.module.css";

/** Those of the picker. */
export const QUICK_REACTIONS = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀"] as const;

/** The reactions of a message: mine are marked, and a click gives or takes back. */
export function Reactions(props: {
  readonly message: Message;
  readonly onProblem: (text: string) => void;
}): JSX.Element | null {
  const { message, onProblem } = props;
  const { items = [], mine = [] } = message.reactions ?? {};
  const strings = useStrings();
  const nameOf = useNames();
  const toggle = useToggleReaction(onProblem);
  if (items.length === 0) return null;
  return (
    <div className={styles.reactions} role="group" aria-label={strings.reactions}>
      {items.map(({ key, count, userIds }) => {
        const names = userIds.map(nameOf).join(", ");
        const others = count - userIds.length;
        const title = others > 0 ? strings.andMore(names, others) : names;
        return (
          <button
            key={key}
            type="button"
            className={styles.reaction}
            aria-pressed={mine.includes(key)}
            aria-label={strings.reaction(key, count)}
            title={title}
            onClick={() => toggle(message, key)}
          >
            <span dir="auto">{key}</span> {count}
          </button>
        );
      })}
    </div>
  );
}

/** Gives a reaction, or takes it back when it was given. */
export function useToggleReaction(
  onProblem: (text: string) => void,
): (message: Message, key: string) => void {
  const { client } = useChat();
  const strings = useStrings();
  return ({ conversationId, sequence, reactions }, key) => {
    const isGiven = reactions?.mine.includes(key) === true;
    const change = isGiven
      ? client.unreact(conversationId, sequence, key)
      : client.react(conversationId, sequence, key);
    change.catch((error: unknown) => onProblem(problemText(strings, error)));
  };
}
