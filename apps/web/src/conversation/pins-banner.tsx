import type { ConversationId, Message } from "@parley/protocol";
import { type JSX, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Icon } from "../controls/icons.js";
import { Problem } from "../controls/problem.js";
import { bodyWords } from "../language/body-words.js";
import { problemText } from "../language/problem-text.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useChat, useNames, usePins } from "../session/chat-context.js";
import styles from "./pins-banner.module.css";

/** The newest pinned message over the list, and a way to all of them. Nothing while none is pinned. */
export function PinsBanner(props: {
  readonly conversationId: ConversationId;
  readonly onOpenMessage: (sequence: number) => void;
}): JSX.Element | null {
  const { conversationId, onOpenMessage } = props;
  const strings = useStrings();
  const pins = usePins(conversationId);
  const [isOpen, setIsOpen] = useState(false);
  const messages = pins.flatMap(({ message }) => (message === undefined ? [] : [message]));
  const [newest] = messages;
  if (newest === undefined) return null;
  return (
    <div className={styles.banner} role="region" aria-label={strings.pinned}>
      <Icon name="pin" size={16} />
      <button type="button" className={styles.newest} onClick={() => onOpenMessage(newest.sequence)}>
        <Words message={newest} />
      </button>
      {messages.length > 1 ? (
        <Button kind="link" onClick={() => setIsOpen(true)}>
          {strings.allPins(messages.length)}
        </Button>
      ) : (
        <Unpin message={newest} />
      )}
      {isOpen ? (
        <PinsDialog
          messages={messages}
          onOpenMessage={(sequence) => {
            setIsOpen(false);
            onOpenMessage(sequence);
          }}
          onClose={() => setIsOpen(false)}
        />
      ) : null}
    </div>
  );
}

function PinsDialog(props: {
  readonly messages: readonly Message[];
  readonly onOpenMessage: (sequence: number) => void;
  readonly onClose: () => void;
}): JSX.Element {
  const { messages, onOpenMessage, onClose } = props;
  const strings = useStrings();
  return (
    <Dialog title={strings.pinned} onClose={onClose}>
      <ul className={styles.pins} aria-label={strings.pinned}>
        {messages.map((message) => (
          <li key={message.messageId} className={styles.pin}>
            <button type="button" className={styles.newest} onClick={() => onOpenMessage(message.sequence)}>
              <Words message={message} />
            </button>
            <Unpin message={message} />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function Words({ message }: { readonly message: Message }): JSX.Element {
  const strings = useStrings();
  const times = useTimes();
  const nameOf = useNames();
  const text = bodyWords(message.body, strings);
  return (
    <>
      <span className={styles.sender} title={times.full(message.timeMs)}>
        {nameOf(message.senderId)}
      </span>{" "}
      <span dir="auto">{text}</span>
    </>
  );
}

function Unpin({ message }: { readonly message: Message }): JSX.Element {
  const { client } = useChat();
  const strings = useStrings();
  const [problem, setProblem] = useState("");
  const { conversationId, sequence } = message;
  const unpin = (): void => {
    client.unpin(conversationId, sequence).catch((error: unknown) => setProblem(problemText(strings, error)));
  };
  return (
    <>
      <Button kind="icon" aria-label={strings.unpin} onClick={unpin}>
        <Icon name="close" size={16} />
      </Button>
      <Problem text={problem} onDismiss={() => setProblem("")} />
    </>
  );
}
