import type { Group, MemberSettings } from "@parley/client";
import { type ConversationId, type Member, NEVER_MS, NICKNAME_BYTES_MAX } from "@parley/protocol";
import { type JSX, type SubmitEvent, useState } from "react";
import { Button } from "../controls/button.js";
import { ConfirmDialog } from "../controls/confirm-dialog.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { useAction } from "../controls/use-action.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import styles from "./group-dialog.module.css";

const HOUR_MS = 60 * 60 * 1000;

/** What can be done with one member, by this person: one's own nickname, or role, mute and removal of one below. */
export function MemberActions(props: {
  readonly group: Group;
  readonly member: Member;
  readonly conversationId: ConversationId;
  readonly onClose: () => void;
}): JSX.Element {
  const { group, member, conversationId, onClose } = props;
  const { userId, role } = member;
  const strings = useStrings();
  const words = strings.groups;
  const { client } = useChat();
  const nameOf = useNames();
  const [asking, setAsking] = useState<"transfer" | "remove">();
  const name = member.nickname === "" ? nameOf(userId) : member.nickname;
  const [problem, setProblem] = useState("");
  if (asking !== undefined) {
    const isTransfer = asking === "transfer";
    return (
      <ConfirmDialog
        title={isTransfer ? words.transfer : words.remove}
        text={isTransfer ? words.transferConfirm(name) : words.removeConfirm(name)}
        action={isTransfer ? words.transfer : words.remove}
        onConfirm={() =>
          isTransfer
            ? client.groups.transfer(conversationId, userId)
            : client.removeMembers(conversationId, [userId])
        }
        onClose={onClose}
      />
    );
  }
  const isSelf = userId === client.self;
  const isOwner = group.self.role === "owner";
  const set = (next: MemberSettings) => (): void => {
    client.groups.updateMember(conversationId, userId, next).then(onClose, (error: unknown) => {
      setProblem(problemText(strings, error));
    });
  };
  const isMuted = member.mutedUntilMs > Date.now();
  return (
    <Dialog title={name} onClose={onClose}>
      <Problem text={problem} />
      {isSelf ? (
        <NicknameForm member={member} conversationId={conversationId} onDone={onClose} />
      ) : (
        <div className={styles.actions}>
          {isOwner ? (
            <Button onClick={set({ role: role === "admin" ? "member" : "admin" })}>
              {role === "admin" ? words.makeMember : words.makeAdmin}
            </Button>
          ) : null}
          {isMuted ? (
            <Button onClick={set({ mutedUntilMs: 0 })}>{words.unmute}</Button>
          ) : (
            <>
              <Button onClick={set({ mutedUntilMs: Date.now() + HOUR_MS })}>{words.muteHour}</Button>
              <Button onClick={set({ mutedUntilMs: NEVER_MS })}>{words.muteGood}</Button>
            </>
          )}
          {isOwner ? <Button onClick={() => setAsking("transfer")}>{words.transfer}</Button> : null}
          <Button kind="danger" onClick={() => setAsking("remove")}>
            {words.remove}
          </Button>
        </div>
      )}
    </Dialog>
  );
}

function NicknameForm(props: {
  readonly member: Member;
  readonly conversationId: ConversationId;
  readonly onDone: () => void;
}): JSX.Element {
  const { member, conversationId, onDone } = props;
  const strings = useStrings();
  const { client } = useChat();
  const [nickname, setNickname] = useState(member.nickname);
  const save = (): Promise<void> => client.groups.updateMember(conversationId, member.userId, { nickname });
  const { isBusy, problem, run } = useAction(save, onDone);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void run();
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <Problem text={problem} />
      <label className={styles.field}>
        <span>{strings.groups.nickname}</span>
        <input
          value={nickname}
          maxLength={Math.floor(NICKNAME_BYTES_MAX / 4)}
          onChange={(event) => setNickname(event.target.value)}
        />
      </label>
      <Button kind="primary" type="submit" disabled={isBusy}>
        {strings.save}
      </Button>
    </form>
  );
}
