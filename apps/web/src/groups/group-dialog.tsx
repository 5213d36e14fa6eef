import type { Group } from "@parley/client";
import type { ConversationId, Member } from "@parley/protocol";
import { type JSX, useCallback, useEffect, useState } from "react";
import { Button } from "../controls/button.js";
import { ConfirmDialog } from "../controls/confirm-dialog.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { AddPeople } from "../dialogs/add-people.js";
import { useLoaded } from "../dialogs/use-loaded.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import styles from "./group-dialog.module.css";
import { JoinRequests } from "./join-requests.js";
import { MemberActions } from "./member-actions.js";
import { MemberList } from "./member-list.js";
import { SettingsForm } from "./settings-form.js";
import { useGroup, useGroupChanges } from "./use-group.js";

type Place = "members" | "adding" | "settings" | "leaving" | "dissolving" | { readonly member: Member };

/** What a group is, who is in it, and what this person may change of it. */
export function GroupDialog(props: {
  readonly conversationId: ConversationId;
  readonly onClose: () => void;
}): JSX.Element {
  const { conversationId, onClose } = props;
  const strings = useStrings();
  const { client } = useChat();
  const [place, setPlace] = useState<Place>("members");
  const group = useGroup(conversationId);
  const changes = useGroupChanges(conversationId);
  const load = useCallback(() => client.members(conversationId), [client, conversationId]);
  const members = useLoaded(load);
  const { reload } = members;
  useEffect(() => reload(), [changes, reload]);
  useEffect(() => {
    // What keeps it from coming is told by the members, which come the same way.
    client.groups.load(conversationId).catch(() => undefined);
  }, [client, conversationId]);
  const back = (): void => setPlace("members");
  if (place === "leaving" || place === "dissolving") {
    const isLeaving = place === "leaving";
    return (
      <ConfirmDialog
        title={isLeaving ? strings.leaveGroup : strings.groups.dissolve}
        text={isLeaving ? strings.leaveConfirm : strings.groups.dissolveConfirm}
        action={isLeaving ? strings.leaveGroup : strings.groups.dissolve}
        onConfirm={() => (isLeaving ? client.leave(conversationId) : client.groups.dissolve(conversationId))}
        onClose={onClose}
      />
    );
  }
  if (typeof place === "object" && group !== undefined)
    return (
      <MemberActions group={group} member={place.member} conversationId={conversationId} onClose={back} />
    );
  if (place === "settings" && group !== undefined)
    return <SettingsForm group={group} conversationId={conversationId} onClose={back} />;
  const footer = <Footer isOwner={group?.self.role === "owner"} place={place} onGo={setPlace} />;
  return (
    <Dialog title={strings.members} onClose={onClose} footer={footer}>
      <Problem text={members.problem === undefined ? "" : problemText(strings, members.problem)} />
      {place === "adding" ? (
        <AddPeople
          conversationId={conversationId}
          members={members.value ?? []}
          onAdded={() => {
            back();
            members.reload();
          }}
        />
      ) : (
        <>
          {group === undefined ? null : (
            <About group={group} conversationId={conversationId} onEdit={() => setPlace("settings")} />
          )}
          <JoinRequests conversationId={conversationId} role={group?.self.role} changes={changes} />
          <MemberList
            members={members.value}
            self={group?.self}
            onChoose={(member) => setPlace({ member })}
          />
        </>
      )}
    </Dialog>
  );
}

function Footer(props: {
  readonly isOwner: boolean;
  readonly place: Place;
  readonly onGo: (place: Place) => void;
}): JSX.Element {
  const { isOwner, place, onGo } = props;
  const strings = useStrings();
  return (
    <>
      {isOwner ? (
        <Button kind="danger" onClick={() => onGo("dissolving")}>
          {strings.groups.dissolve}
        </Button>
      ) : null}
      <Button kind="danger" onClick={() => onGo("leaving")}>
        {strings.leaveGroup}
      </Button>
      <Button kind="primary" disabled={place === "adding"} onClick={() => onGo("adding")}>
        {strings.addPeople}
      </Button>
    </>
  );
}

function About(props: {
  readonly group: Group;
  readonly conversationId: ConversationId;
  readonly onEdit: () => void;
}): JSX.Element {
  const { group, conversationId, onEdit } = props;
  const { groups: words } = useStrings();
  const { notice = "", editBy = "" } = group.info.settings ?? {};
  const mayEdit = editBy === "all" || group.self.role === "owner" || group.self.role === "admin";
  return (
    <section className={styles.about} aria-label={words.notice}>
      <p className={notice === "" ? styles.soft : styles.notice} dir="auto">
        {notice === "" ? words.noNotice : notice}
      </p>
      <p className={styles.soft}>
        {words.groupId}: <code className={styles.id}>{conversationId}</code>
      </p>
      {mayEdit ? <Button onClick={onEdit}>{words.edit}</Button> : null}
    </section>
  );
}
