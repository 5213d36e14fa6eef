import type { Message } from "@parley/protocol";
import { type JSX, useCallback } from "react";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { useLoaded } from "../dialogs/use-loaded.js";
import { problemText } from "../language/problem-text.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import { useLoadingText } from "../session/use-loading-text.js";
import styles from "./edits-dialog.module.css";
import { MessageBody } from "./message-body.js";

/** What a message said before its edits, the oldest first. */
export function EditsDialog(props: { readonly message: Message; readonly onClose: () => void }): JSX.Element {
  const { message, onClose } = props;
  const { conversationId, sequence } = message;
  const { client } = useChat();
  const strings = useStrings();
  const times = useTimes();
  const load = useCallback(() => client.edits(conversationId, sequence), [client, conversationId, sequence]);
  const edits = useLoaded(load);
  const loadingText = useLoadingText();
  return (
    <Dialog title={strings.editsTitle} onClose={onClose}>
      {edits.value === undefined && edits.problem !== undefined ? null : (
        <p className={styles.hint}>{edits.value === undefined ? loadingText : strings.editsHint}</p>
      )}
      <Problem text={edits.problem === undefined ? "" : problemText(strings, edits.problem)} />
      <ol className={styles.edits} aria-label={strings.editsTitle}>
        {(edits.value ?? []).map(({ revision, body, editedMs }) => (
          <li key={revision} className={styles.edit}>
            <span className={styles.time}>
              {editedMs === 0 ? `${strings.asSent} · ${times.full(message.timeMs)}` : times.full(editedMs)}
            </span>
            <MessageBody body={body} place={message} />
          </li>
        ))}
      </ol>
    </Dialog>
  );
}
