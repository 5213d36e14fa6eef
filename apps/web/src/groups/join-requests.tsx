import type { ConversationId, UserId } from "@parley/protocol";
import { type JSX, useCallback, useEffect, useState } from "react";
import { Button } from "../controls/button.js";
import { Problem } from "../controls/problem.js";
import styles from "../dialogs/list-dialog.module.css";
import { useLoaded } from "../dialogs/use-loaded.js";
import { problemText } from "../language/problem-text.js";
import { Avatar } from "../people/avatar.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";

/** Who asks to join, for those who may answer; nothing for others, and when nobody asks. */
export function JoinRequests(props: {
  readonly conversationId: ConversationId;
  readonly role: string | undefined;
  /** Counts changes of the group. */
  readonly changes: number;
}): JSX.Element | null {
  const { conversationId, role, changes } = props;
  const strings = useStrings();
  const { client } = useChat();
  const nameOf = useNames();
  const [problem, setProblem] = useState("");
  const mayAnswer = role === "owner" || role === "admin";
  const load = useCallback(
    async () => (mayAnswer ? client.groups.joinRequests(conversationId) : []),
    [client, conversationId, mayAnswer],
  );
  const { value, reload } = useLoaded(load);
  useEffect(() => reload(), [changes, reload]);
  if (value === undefined || value.length === 0) return null;
  const answer = (userId: UserId, isAccepted: boolean) => (): void => {
    client.groups.answerJoin(conversationId, [userId], isAccepted).then(reload, (error: unknown) => {
      setProblem(problemText(strings, error));
    });
  };
  return (
    <section aria-label={strings.groups.requests}>
      <p className={styles.hint}>{strings.groups.requests}</p>
      <Problem text={problem} />
      <ul className={styles.items}>
        {value.map(({ userId, text }) => (
          <li key={userId} className={styles.item}>
            <Avatar id={userId} name={nameOf(userId)} size="small" />
            <span className={styles.name}>
              {nameOf(userId)} <span className={styles.detail}>{text}</span>
            </span>
            <Button aria-label={strings.groups.acceptNamed(nameOf(userId))} onClick={answer(userId, true)}>
              {strings.groups.accept}
            </Button>
            <Button aria-label={strings.groups.refuseNamed(nameOf(userId))} onClick={answer(userId, false)}>
              {strings.groups.refuse}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
