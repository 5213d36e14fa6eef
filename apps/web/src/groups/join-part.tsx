import { type ConversationId, JOIN_TEXT_BYTES_MAX, parseConversationId } from "@parley/protocol";
import { type JSX, type SubmitEvent, useState } from "react";
import { Button } from "../controls/button.js";
import { Problem } from "../controls/problem.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import styles from "./group-dialog.module.css";

/** Joins a group by its id, or asks its admins. */
export function JoinPart(props: {
  readonly onJoined: (conversationId: ConversationId) => void;
}): JSX.Element {
  const strings = useStrings();
  const words = strings.groups;
  const { client } = useChat();
  const [id, setId] = useState("");
  const [text, setText] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [outcome, setOutcome] = useState("");
  const join = async (): Promise<void> => {
    setIsBusy(true);
    setOutcome("");
    try {
      const conversationId = parseConversationId(id.trim());
      if ((await client.groups.join(conversationId, { text })) === "joined") props.onJoined(conversationId);
      else setOutcome(words.joinRequested);
    } catch (error) {
      setOutcome(problemText(strings, error));
    } finally {
      setIsBusy(false);
    }
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void join();
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <label className={styles.field}>
        <span>{words.joinHint}</span>
        <input value={id} required onChange={(event) => setId(event.target.value)} />
      </label>
      <label className={styles.field}>
        <span>{words.joinText}</span>
        <input
          value={text}
          maxLength={Math.floor(JOIN_TEXT_BYTES_MAX / 4)}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <Problem text={outcome} />
      <Button kind="primary" type="submit" disabled={isBusy}>
        {words.join}
      </Button>
    </form>
  );
}
