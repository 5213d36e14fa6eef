import type { ConversationId, Message } from "@parley/protocol";
import { type JSX, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { useAction } from "../controls/use-action.js";
import { otherOf, titleOf } from "../conversations/conversation-title.js";
import { Avatar } from "../people/avatar.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useConversations, useNames } from "../session/chat-context.js";
import styles from "./mentions-dialog.module.css";

/** Conversations that are offered: the most recently changed ones. */
const SHOWN_MAX = 50;

/** Chooses where a message is sent on. */
export function ForwardDialog(props: {
  readonly message: Message;
  readonly onClose: () => void;
}): JSX.Element {
  const { message, onClose } = props;
  const strings = useStrings();
  const nameOf = useNames();
  const { client } = useChat();
  const [chosen, setChosen] = useState<ConversationId>();
  const { self } = client;
  const entries = useConversations().filter(({ isMember }) => isMember);
  const send = async (to: ConversationId): Promise<void> => {
    const { conversationId, sequence } = message;
    await client.forward(to, { conversationId, sequences: [sequence] });
  };
  const { isBusy, problem, run } = useAction(
    () => (chosen === undefined ? Promise.resolve() : send(chosen)),
    onClose,
  );
  return (
    <Dialog
      title={strings.forwardTitle}
      onClose={onClose}
      footer={
        <Button kind="primary" disabled={chosen === undefined || isBusy} onClick={() => void run()}>
          {strings.forward}
        </Button>
      }
    >
      <Problem text={problem} />
      <ul className={styles.items} aria-label={strings.forwardTitle}>
        {entries.slice(0, SHOWN_MAX).map((entry) => {
          const { conversationId } = entry;
          const other = otherOf(conversationId, self);
          const title = titleOf(entry, { self, nameOf, untitled: strings.untitledGroup });
          return (
            <li key={conversationId}>
              <button
                type="button"
                className={styles.item}
                aria-pressed={chosen === conversationId}
                onClick={() => setChosen(conversationId)}
              >
                <Avatar
                  id={other ?? conversationId}
                  name={title}
                  isGroup={other === undefined}
                  size="small"
                />
                <span dir="auto">{title}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </Dialog>
  );
}
