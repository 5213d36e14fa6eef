import type { ConversationId, UserId } from "@parley/protocol";
import { type JSX, useCallback, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { useLoaded } from "../dialogs/use-loaded.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import { useLoadingText } from "../session/use-loading-text.js";
import { Avatar } from "./avatar.js";
import { loadProfile } from "./load-profile.js";
import styles from "./profile-dialog.module.css";

/** Who somebody is: what the organisation and the person say, and the way to talk to them. */
export function ProfileDialog(props: {
  readonly userId: UserId;
  readonly onOpen: (conversationId: ConversationId) => void;
  readonly onClose: () => void;
}): JSX.Element {
  const { userId, onOpen, onClose } = props;
  const strings = useStrings();
  const words = strings.people;
  const chat = useChat();
  const { client } = chat;
  const nameOf = useNames();
  const load = useCallback(() => loadProfile(chat, userId), [chat, userId]);
  const { value: profile, problem } = useLoaded(load);
  const loadingText = useLoadingText();
  const name = nameOf(userId);
  const talk = async (): Promise<void> => onOpen(await client.createDirect(userId));
  return (
    <Dialog title={words.profile} onClose={onClose}>
      <div className={styles.card}>
        <Avatar id={userId} name={name} size="huge" />
        <p className={styles.name} dir="auto">
          {name}
        </p>
        <p className={styles.id}>{userId}</p>
        {profile?.statusText ? (
          <p className={styles.status} dir="auto">
            {profile.statusText}
          </p>
        ) : null}
      </div>
      <Problem text={problem === undefined ? "" : problemText(strings, problem)} />
      {profile === undefined && problem === undefined ? (
        <p className={styles.id} role="status">
          {loadingText}
        </p>
      ) : null}
      {profile?.title || profile?.department ? (
        <dl className={styles.facts}>
          <Fact name={words.title} value={profile.title} />
          <Fact name={words.department} value={profile.department.split("/").join(" › ")} />
        </dl>
      ) : null}
      {userId === client.self ? null : <TalkButton onTalk={talk} />}
    </Dialog>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }): JSX.Element | null {
  if (value === "") return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">{value}</dd>
    </div>
  );
}

function TalkButton({ onTalk }: { readonly onTalk: () => Promise<void> }): JSX.Element {
  const strings = useStrings();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const talk = async (): Promise<void> => {
    setIsBusy(true);
    try {
      await onTalk();
    } catch (error) {
      setProblem(problemText(strings, error));
      setIsBusy(false);
    }
  };
  return (
    <>
      <Problem text={problem} />
      <Button kind="primary" disabled={isBusy} onClick={() => void talk()}>
        {strings.people.message}
      </Button>
    </>
  );
}
