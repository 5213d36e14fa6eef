import type { Member } from "@parley/protocol";
import type { JSX } from "react";
import { Button } from "../controls/button.js";
import { Icon } from "../controls/icons.js";
import styles from "../dialogs/list-dialog.module.css";
import { Avatar } from "../people/avatar.js";
import { useShowPerson } from "../people/person-context.js";
import { PresenceWord, WithPresence } from "../presence/presence-parts.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import { useLoadingText } from "../session/use-loading-text.js";

/** Members that are drawn; a group may have thousands. */
const SHOWN_MAX = 200;
/** In a group of more it is not shown who is there. */
const PRESENCE_MEMBERS_MAX = 100;
const RANKS: Readonly<Record<string, number>> = { owner: 2, admin: 1 };

/** Everybody, the owner and the admins first; a button for those of whom I may change something, myself included. */
export function MemberList(props: {
  readonly members: readonly Member[] | undefined;
  readonly self: Member | undefined;
  readonly onChoose: (member: Member) => void;
}): JSX.Element {
  const { members, self, onChoose } = props;
  const strings = useStrings();
  const loadingText = useLoadingText();
  if (members === undefined) return <p className={styles.hint}>{loadingText}</p>;
  const shown = members.toSorted((one, other) => rankOf(other) - rankOf(one)).slice(0, SHOWN_MAX);
  return (
    <>
      <p className={styles.hint}>{strings.memberCount(members.length)}</p>
      <ul className={styles.items} aria-label={strings.details}>
        {shown.map((member) => (
          <MemberItem
            key={member.userId}
            member={member}
            isPresenceShown={members.length <= PRESENCE_MEMBERS_MAX}
            mayChange={self !== undefined && (self.userId === member.userId || rankOf(self) > rankOf(member))}
            onChoose={() => onChoose(member)}
          />
        ))}
      </ul>
    </>
  );
}

function MemberItem(props: {
  readonly member: Member;
  readonly isPresenceShown: boolean;
  readonly mayChange: boolean;
  readonly onChoose: () => void;
}): JSX.Element {
  const { member, isPresenceShown, mayChange, onChoose } = props;
  const { userId, role, nickname, mutedUntilMs, scenarioRole } = member;
  const strings = useStrings();
  const nameOf = useNames();
  const showPerson = useShowPerson();
  const { self } = useChat().client;
  const watched = isPresenceShown && userId !== self ? userId : undefined;
  const name = nickname === "" ? nameOf(userId) : nickname;
  return (
    <li className={styles.item}>
      <WithPresence userId={watched} size="small">
        <Avatar id={userId} name={name} size="small" />
      </WithPresence>
      <span className={styles.name}>
        <Button kind="link" aria-label={strings.people.profileOf(name)} onClick={() => showPerson(userId)}>
          <span dir="auto">{name}</span>
        </Button>{" "}
        {userId === self ? <span className={styles.mark}>{strings.you}</span> : null}
        {nickname === "" ? null : <span className={styles.detail}>{nameOf(userId)}</span>}
        <PresenceWord userId={watched} />
      </span>
      {mutedUntilMs > Date.now() ? <span className={styles.mark}>{strings.groups.muted}</span> : null}
      {scenarioRole === "" ? null : <span className={styles.detail}>{scenarioRole}</span>}
      {role === "owner" ? <span className={styles.detail}>{strings.owner}</span> : null}
      {role === "admin" ? <span className={styles.detail}>{strings.admin}</span> : null}
      {mayChange ? (
        <Button kind="icon" aria-label={strings.groups.changeMember(name)} onClick={onChoose}>
          <Icon name="more" />
        </Button>
      ) : null}
    </li>
  );
}

function rankOf({ role }: Member): number {
  return RANKS[role] ?? 0;
}
