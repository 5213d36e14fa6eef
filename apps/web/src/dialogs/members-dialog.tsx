import type { ConversationId, Member, User } from "@parley/protocol";
import { type JSX, useCallback, useState } from "react";
import { Button } from "../controls/button.js";
import { ConfirmDialog } from "../controls/confirm-dialog.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { problemText } from "../language/problem-text.js";
import { Avatar } from "../people/avatar.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import styles from "./list-dialog.module.css";
import { PeoplePicker } from "./people-picker.js";
import { useLoaded } from "./use-loaded.js";

/** Members that are drawn; a group may have thousands. */
const SHOWN_MAX = 200;

/** Who is in a group, with ways to add people and to leave. */
export function MembersDialog(props: {
  readonly conversationId: ConversationId;
  readonly onClose: () => void;
}): JSX.Element {
  const { conversationId, onClose } = props;
  const strings = useStrings();
  const { client } = useChat();
  const [isAdding, setIsAdding] = useState(false);
  const [isLeaving, setIsLeaving] = useState(false);
  const load = useCallback(() => client.members(conversationId), [client, conversationId]);
  const members = useLoaded(load);
  const footer = (
    <>
      <Button kind="danger" onClick={() => setIsLeaving(true)}>
        {strings.leaveGroup}
      </Button>
      <Button kind="primary" disabled={isAdding} onClick={() => setIsAdding(true)}>
        {strings.addPeople}
      </Button>
    </>
  );
  if (isLeaving) {
    return (
      <ConfirmDialog
        title={strings.leaveGroup}
        text={strings.leaveConfirm}
        action={strings.leaveGroup}
        onConfirm={() => client.leave(conversationId)}
        onClose={onClose}
      />
    );
  }
  return (
    <Dialog title={strings.members} onClose={onClose} footer={footer}>
      <Problem text={members.problem === undefined ? "" : problemText(strings, members.problem)} />
      {isAdding ? (
        <AddPeople
          conversationId={conversationId}
          members={members.value ?? []}
          onAdded={() => {
            setIsAdding(false);
            members.reload();
          }}
        />
      ) : (
        <MemberList members={members.value} />
      )}
    </Dialog>
  );
}

function MemberList({ members }: { readonly members: readonly Member[] | undefined }): JSX.Element {
  const strings = useStrings();
  const nameOf = useNames();
  const { self } = useChat().client;
  if (members === undefined) return <p className={styles.hint}>{strings.loading}</p>;
  return (
    <>
      <p className={styles.hint}>{strings.memberCount(members.length)}</p>
      <ul className={styles.items} aria-label={strings.details}>
        {members.slice(0, SHOWN_MAX).map(({ userId, role }) => (
          <li key={userId} className={styles.item}>
            <Avatar id={userId} name={nameOf(userId)} size="small" />
            <span className={styles.name}>
              {nameOf(userId)} {userId === self ? <span className={styles.mark}>{strings.you}</span> : null}
            </span>
            {role === "owner" ? <span className={styles.detail}>{strings.owner}</span> : null}
            {role === "admin" ? <span className={styles.detail}>{strings.admin}</span> : null}
          </li>
        ))}
      </ul>
    </>
  );
}

function AddPeople(props: {
  readonly conversationId: ConversationId;
  readonly members: readonly Member[];
  readonly onAdded: () => void;
}): JSX.Element {
  const { conversationId, members, onAdded } = props;
  const strings = useStrings();
  const { client } = useChat();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const add = async ({ userId }: User): Promise<void> => {
    setIsBusy(true);
    try {
      await client.addMembers(conversationId, [userId]);
      onAdded();
    } catch (error) {
      setProblem(problemText(strings, error));
      setIsBusy(false);
    }
  };
  return (
    <>
      <Problem text={problem} />
      <PeoplePicker
        except={new Set(members.map(({ userId }) => userId))}
        isBusy={isBusy}
        onPick={(user) => void add(user)}
      />
    </>
  );
}
