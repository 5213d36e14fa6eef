import type { ConversationEntry, ConversationId, UserId } from "@parley/protocol";
import { type JSX, memo } from "react";
import { conversationNotify } from "@parley/client";
import { Icon, type IconName } from "../controls/icons.js";
import { isMutedNow } from "../notify/muted.js";
import { Avatar } from "../people/avatar.js";
import { PresenceWord, WithPresence } from "../presence/presence-parts.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useChat, useDraft, useNames } from "../session/chat-context.js";
import styles from "./conversation-row.module.css";
import { otherOf, titleOf, unreadOf } from "./conversation-title.js";
import { previewOf } from "./preview.js";

/** More are shown as "99+". */
const SHOWN_UNREAD_MAX = 99;

/** A conversation in the list: who, the newest message, when, and how much is unread. */
export const ConversationRow = memo(function ConversationRow(props: {
  readonly entry: ConversationEntry;
  readonly isSelected: boolean;
  readonly nowMs: number;
  readonly onOpen: (conversationId: ConversationId) => void;
  readonly onMenu: (entry: ConversationEntry, anchor: HTMLElement) => void;
}): JSX.Element {
  const { entry, isSelected, nowMs, onOpen, onMenu } = props;
  const strings = useStrings();
  const times = useTimes();
  const nameOf = useNames();
  const { self } = useChat().client;
  const { conversationId, lastMessage, updatedMs } = entry;
  // Of the open one it stands in its field.
  const draft = useDraft(isSelected ? undefined : conversationId);
  const other = otherOf(conversationId, self);
  const isGroup = other === undefined;
  const title = titleOf(entry, { self, nameOf, untitled: strings.untitledGroup });
  const timeMs = lastMessage?.timeMs ?? updatedMs;
  return (
    <div
      className={styles.place}
      onContextMenu={(event) => {
        event.preventDefault();
        onMenu(entry, event.currentTarget);
      }}
    >
      <button
        type="button"
        className={styles.row}
        data-key={conversationId}
        aria-current={isSelected ? "true" : undefined}
        onClick={() => onOpen(conversationId)}
      >
        <WithPresence userId={other}>
          <Avatar id={other ?? conversationId} name={title} isGroup={isGroup} />
        </WithPresence>
        <span className={styles.title} dir="auto">
          {title}
        </span>
        <span className={styles.time}>{timeMs === 0 ? "" : times.short(timeMs, nowMs)}</span>
        <span className={styles.preview} data-draft={draft !== ""} dir="auto">
          {previewOf(entry, { strings, self, nameOf, isGroup, draft })}
        </span>
        <Badges entry={entry} other={other} />
      </button>
      <button
        type="button"
        className={styles.more}
        aria-label={strings.list.actionsOf(title)}
        aria-haspopup="menu"
        onClick={(event) => onMenu(entry, event.currentTarget)}
      >
        <Icon name="more" size={18} />
      </button>
    </div>
  );
});

/** What there is to say of the conversation beside its words. */
function Badges(props: {
  readonly entry: ConversationEntry;
  readonly other: UserId | undefined;
}): JSX.Element {
  const { entry, other } = props;
  const strings = useStrings();
  const unread = unreadOf(entry);
  const isMuted = isMutedNow(conversationNotify(entry));
  const isMentioned = entry.unreadMentions.length > 0;
  return (
    <span className={styles.badges}>
      <PresenceWord userId={other} />
      {entry.pinnedMs > 0 ? <Mark name="pin" label={strings.list.pinned} /> : null}
      {isMuted ? <Mark name="muted" label={strings.notify.muted} /> : null}
      {unread > 0 && isMentioned ? (
        <span className={styles.mention} role="img" aria-label={strings.mentionedYou}>
          @
        </span>
      ) : null}
      {unread === 0 ? null : (
        <span className={styles.badge} data-muted={isMuted} aria-label={strings.unreadCount(unread)}>
          {unread > SHOWN_UNREAD_MAX ? `${SHOWN_UNREAD_MAX}+` : unread}
        </span>
      )}
    </span>
  );
}

/** What is set of the conversation. */
function Mark({ name, label }: { readonly name: IconName; readonly label: string }): JSX.Element {
  return (
    <span className={styles.mark} role="img" aria-label={label} title={label}>
      <Icon name={name} size={15} />
    </span>
  );
}
