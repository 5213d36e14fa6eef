import type { ConversationId } from "@parley/protocol";
import type { JSX } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import { useNames } from "../session/chat-context.js";
import { typingText } from "./presence-text.js";
import styles from "./typing-line.module.css";
import { useTypists } from "./use-presence.js";

/** Who types. Its room is there while nobody does, so that nothing moves. */
export function TypingLine({ conversationId }: { readonly conversationId: ConversationId }): JSX.Element {
  const { presence } = useStrings();
  const nameOf = useNames();
  const names = useTypists(conversationId).map(nameOf);
  return (
    <p className={styles.line} aria-live="polite">
      {typingText(names, presence)}
    </p>
  );
}
