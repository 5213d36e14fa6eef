import type { ConversationEntry, ConversationId } from "@parley/protocol";
import { type JSX, memo } from "react";
import { conversationNotify } from "@parley/client";
import { isMutedNow } from "../notify/muted.js";
import { Avatar } from "../people/avatar.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import styles from "./conversation-row.module.css";
import { otherOf, titleOf, unreadOf } from "./conversation-title.js";
import { previewOf } from "./preview.js";

/** More are shown as "99+". */
const SHOWN_UNREAD_MAX = 99;

/** A conversation in the list: who, the newest message, when, and how much is unread. */
export const ConversationRow = memo(function ConversationRow(props: {
  readonly entry: ConversationEntry;
  readonly index: number;
  readonly isSelected: boolean;
  readonly draft: string;
  readonly nowMs: number;
  readonly onOpen: (conversationId: ConversationId) => void;
}): JSX.Element {
  const { entry, index, isSelected, draft, nowMs, onOpen } = props;
  const strings = useStrings();
  const times = useTimes();
  const nameOf = useNames();
  const { self } = useChat().client;
  const { conversationId, lastMessage, updatedMs } = entry;
  const unread = unreadOf(entry);
  const isMuted = isMutedNow(conversationNotify(entry));
  const isMentioned = entry.unreadMentions.length > 0;
  const isGroup = otherOf(conversationId, self) === undefined;
  const title = titleOf(entry, { self, nameOf, untitled: strings.untitledGroup });
  const timeMs = lastMessage?.timeMs ?? updatedMs;
  return (
    <div role="listitem">
      <button
        type="button"
        className={styles.row}
        data-index={index}
        aria-current={isSelected ? "true" : undefined}
        onClick={() => onOpen(conversationId)}
      >
        <Avatar id={otherOf(conversationId, self) ?? conversationId} name={title} isGroup={isGroup} />
        <span className={styles.title} dir="auto">
          {title}
        </span>
        <span className={styles.time}>{timeMs === 0 ? "" : times.short(timeMs, nowMs)}</span>
        <span className={styles.preview} data-draft={draft !== ""} dir="auto">
          {previewOf(entry, { strings, self, nameOf, isGroup, draft })}
        </span>
        {unread === 0 ? null : (
          <span className={styles.badges}>
            {isMentioned ? (
              <span className={styles.mention} role="img" aria-label={strings.mentionedYou}>
                @
              </span>
            ) : null}
            <span className={styles.badge} data-muted={isMuted} aria-label={strings.unreadCount(unread)}>
              {unread > SHOWN_UNREAD_MAX ? `${SHOWN_UNREAD_MAX}+` : unread}
            </span>
          </span>
        )}
      </button>
    </div>
  );
});
