import type { ConversationId, Message } from "@parley/protocol";
import { type JSX, useEffect, useState } from "react";
import { bodyWords } from "../language/body-words.js";
import type { Strings } from "../language/english.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import styles from "./quote.module.css";

/** More of a quoted message is not shown. */
const QUOTED_CHARACTERS_MAX = 160;

/**
 * What an answer answers, as its reader may see it now: looked up, and again whenever the conversation changes. So it says as
 * little as the message itself: nothing of what was recalled, deleted, or not for this user.
 */
export function Quote(props: {
  readonly conversationId: ConversationId;
  readonly sequence: number;
}): JSX.Element {
  const { conversationId, sequence } = props;
  const strings = useStrings();
  const nameOf = useNames();
  const quoted = useLookedUp(conversationId, sequence);
  const hasWords = quoted !== undefined && quoted.recall === undefined;
  return (
    <div className={styles.quote} role="note" aria-label={strings.replyTo}>
      {hasWords ? <b dir="auto">{nameOf(quoted.senderId)}</b> : null}
      <span className={styles.words} dir="auto">
        {quotedText(quoted, strings)}
      </span>
    </div>
  );
}

/** What is shown of a quoted message, in one line. */
export function quotedText(message: Message | undefined, strings: Strings): string {
  if (message === undefined || message.recall !== undefined) return strings.quoteUnavailable;
  return bodyWords(message.body, strings).slice(0, QUOTED_CHARACTERS_MAX);
}

function useLookedUp(conversationId: ConversationId, sequence: number): Message | undefined {
  const { client } = useChat();
  const [message, setMessage] = useState<Message>();
  useEffect(() => {
    let isNewest = true;
    const look = (): void => {
      client.lookUp(conversationId, [sequence]).then(
        ([found]) => {
          if (isNewest) setMessage(found);
        },
        // Without a connection nothing is known of it; it is looked up again with the next change.
        () => undefined,
      );
    };
    look();
    const ends = [
      client.on("timeline", (event) => {
        if (event.conversationId === conversationId) look();
      }),
      client.on("connection", ({ state }) => {
        if (state === "live") look();
      }),
    ];
    return () => {
      isNewest = false;
      for (const end of ends) end();
    };
  }, [client, conversationId, sequence]);
  return message;
}
