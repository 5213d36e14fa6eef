import type { ConversationId, Message } from "@parley/protocol";
import { type JSX, useEffect, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { titleOf } from "../conversations/conversation-title.js";
import { quotedText } from "../conversation/quote.js";
import { problemText } from "../language/problem-text.js";
import { Avatar } from "../people/avatar.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useChat, useConversations, useNames } from "../session/chat-context.js";
import { useLoadingText } from "../session/use-loading-text.js";
import styles from "./mentions-dialog.module.css";

/** Messages that mention me, the newest first; one of them opens its conversation there. */
export function MentionsDialog(props: {
  readonly onOpen: (conversationId: ConversationId, sequence: number) => void;
  readonly onClose: () => void;
}): JSX.Element {
  const { onOpen, onClose } = props;
  const strings = useStrings();
  const { client } = useChat();
  const [messages, setMessages] = useState<readonly Message[]>([]);
  /** Undefined while the first page is on its way; empty when there are no more. */
  const [next, setNext] = useState<string>();
  const [problem, setProblem] = useState("");
  const loadingText = useLoadingText();
  const load = (cursor: string): void => {
    client.mentions(cursor).then(
      (page) => {
        setMessages((before) => (cursor === "" ? page.messages : [...before, ...page.messages]));
        setNext(page.next);
        setProblem("");
      },
      (error: unknown) => setProblem(problemText(strings, error)),
    );
  };
  useEffect(() => load(""), [client]);
  return (
    <Dialog title={strings.mentionsTitle} onClose={onClose}>
      <Problem text={problem} />
      {messages.length === 0 ? (
        <p className={styles.hint}>
          {next === "" ? strings.noMentions : problem === "" ? loadingText : null}
        </p>
      ) : null}
      <ul className={styles.items} aria-label={strings.mentionsTitle}>
        {messages.map((message) => (
          <Item key={message.messageId} message={message} onOpen={onOpen} />
        ))}
      </ul>
      {next === undefined || next === "" ? null : (
        <Button onClick={() => load(next)}>{strings.loadMore}</Button>
      )}
    </Dialog>
  );
}

function Item(props: {
  readonly message: Message;
  readonly onOpen: (conversationId: ConversationId, sequence: number) => void;
}): JSX.Element {
  const { message, onOpen } = props;
  const { conversationId, sequence, senderId, timeMs } = message;
  const strings = useStrings();
  const times = useTimes();
  const nameOf = useNames();
  const { self } = useChat().client;
  const entry = useConversations().find((each) => each.conversationId === conversationId);
  const title = entry === undefined ? "" : titleOf(entry, { self, nameOf, untitled: strings.untitledGroup });
  return (
    <li>
      <button type="button" className={styles.item} onClick={() => onOpen(conversationId, sequence)}>
        <Avatar id={senderId} name={nameOf(senderId)} size="small" />
        <span className={styles.words}>
          <span className={styles.hint} dir="auto">
            {nameOf(senderId)} · {title} · {times.full(timeMs)}
          </span>
          <span dir="auto">{quotedText(message, strings)}</span>
        </span>
      </button>
    </li>
  );
}
