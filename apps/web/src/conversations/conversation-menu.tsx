import { conversationNotify } from "@parley/client";
import type { ConversationEntry } from "@parley/protocol";
import { type JSX, type RefObject, useImperativeHandle, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { moveFocus, placeBeside } from "../controls/popover-menu.js";
import { MenuItem } from "../conversation/menu-item.js";
import styles from "../conversation/message-menu.module.css";
import { problemText } from "../language/problem-text.js";
import { isMutedNow } from "../notify/muted.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import { unreadOf } from "./conversation-title.js";

export interface ConversationMenuHandle {
  /** Opens the menu of a row beside what asked for it. */
  open(entry: ConversationEntry, anchor: HTMLElement): void;
}

/** The menu of a conversation in the list; one for all rows, because rows come and go while one scrolls. */
export function ConversationMenu(props: {
  readonly ref: RefObject<ConversationMenuHandle | null>;
  readonly onProblem: (text: string) => void;
}): JSX.Element {
  const { ref, onProblem } = props;
  const { client } = useChat();
  const strings = useStrings();
  const words = strings.list;
  const menu = useRef<HTMLDivElement>(null);
  const [entry, setEntry] = useState<ConversationEntry>();
  useImperativeHandle(ref, () => ({
    open(asked, anchor) {
      if (menu.current === null) return;
      // Drawn at once: what it offers decides how high it is.
      flushSync(() => setEntry(asked));
      menu.current.showPopover();
      placeBeside(menu.current, anchor);
      menu.current.querySelector("button")?.focus();
    },
  }));
  const item = (label: string, action: () => Promise<void> | void): JSX.Element => (
    <MenuItem
      label={label}
      onClick={() => {
        menu.current?.hidePopover();
        onProblem("");
        Promise.resolve(action()).catch((error: unknown) => onProblem(problemText(strings, error)));
      }}
    />
  );
  return (
    <div
      ref={menu}
      popover="auto"
      role="menu"
      className={styles.menu}
      aria-label={words.actions}
      onKeyDown={(event) => {
        // The list has arrow keys of its own.
        event.stopPropagation();
        moveFocus(event);
      }}
    >
      {entry === undefined ? null : items(entry)}
    </div>
  );

  function items({ conversationId, isMember, pinnedMs, ...of }: ConversationEntry): JSX.Element {
    const { level, mutedUntilMs } = conversationNotify(of);
    const isMuted = isMutedNow({ level, mutedUntilMs });
    const isPinned = pinnedMs > 0;
    // Who is told of nothing is told of everything again.
    const unmuted = level === "none" ? { isMuted: false, level: "all" as const } : { isMuted: false };
    return (
      <>
        {isMember || isPinned
          ? item(isPinned ? words.unpin : words.pin, () => client.setPinned(conversationId, !isPinned))
          : null}
        {isMember
          ? item(isMuted ? words.unmute : words.mute, () =>
              client.notify.setConversation(conversationId, isMuted ? unmuted : { isMuted: true }),
            )
          : null}
        {unreadOf({ ...of, isMember }) > 0
          ? item(words.markRead, () => client.markRead(conversationId))
          : null}
      </>
    );
  }
}
