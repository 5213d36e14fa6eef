import type { ConversationId, Message } from "@parley/protocol";
import { type JSX, type KeyboardEvent, type RefObject, useImperativeHandle, useRef, useState } from "react";
import { ConfirmDialog } from "../controls/confirm-dialog.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import styles from "./message-menu.module.css";
import type { Row } from "./rows.js";

const EDGE_PX = 8;
const GAP_PX = 4;

export interface MessageMenuHandle {
  /** Opens the menu of a row beside the button that asked for it. */
  open(row: Row, button: HTMLElement): void;
}

/** The menu of a message; one for all rows, because rows come and go while one scrolls. */
export function MessageMenu(props: {
  readonly ref: RefObject<MessageMenuHandle | null>;
  readonly conversationId: ConversationId;
}): JSX.Element {
  const { ref, conversationId } = props;
  const { client } = useChat();
  const strings = useStrings();
  const menu = useRef<HTMLDivElement>(null);
  const [message, setMessage] = useState<Message>();
  const [isAsking, setIsAsking] = useState(false);
  useImperativeHandle(ref, () => ({
    open(row, button) {
      if (row.kind === "pending" || menu.current === null) return;
      setMessage(row.message);
      menu.current.showPopover();
      placeBeside(menu.current, button);
      menu.current.querySelector("button")?.focus();
    },
  }));
  const text = message?.body?.text?.text;
  const copy = (): void => {
    menu.current?.hidePopover();
    // A browser that refuses says so itself.
    if (text !== undefined) navigator.clipboard.writeText(text).catch(() => undefined);
  };
  const ask = (): void => {
    menu.current?.hidePopover();
    setIsAsking(true);
  };
  const hide = async (): Promise<void> => {
    if (message !== undefined) await client.hide(conversationId, [message.sequence]);
  };
  return (
    <>
      <div
        ref={menu}
        popover="auto"
        role="menu"
        className={styles.menu}
        aria-label={strings.messageActions}
        onKeyDown={moveFocus}
      >
        {"clipboard" in navigator ? (
          <button type="button" role="menuitem" onClick={copy}>
            {strings.copyText}
          </button>
        ) : null}
        <button type="button" role="menuitem" data-danger={true} onClick={ask}>
          {strings.deleteForMe}
        </button>
      </div>
      {isAsking ? (
        <ConfirmDialog
          title={strings.deleteConfirmTitle}
          text={strings.deleteConfirm}
          action={strings.deleteForMe}
          onConfirm={hide}
          onClose={() => setIsAsking(false)}
        />
      ) : null}
    </>
  );
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const items = [...event.currentTarget.querySelectorAll("button")];
  const at = items.findIndex((item) => item === document.activeElement);
  items[(at + step + items.length) % items.length]?.focus();
}

/** Below the button where there is room, above it otherwise, and always within the window. */
function placeBeside(menu: HTMLElement, button: HTMLElement): void {
  const anchor = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const isRoomBelow = anchor.bottom + height + EDGE_PX < innerHeight;
  const left = Math.min(Math.max(EDGE_PX, anchor.right - width), innerWidth - width - EDGE_PX);
  menu.style.left = `${left}px`;
  menu.style.top = `${isRoomBelow ? anchor.bottom + GAP_PX : anchor.top - height - GAP_PX}px`;
}
