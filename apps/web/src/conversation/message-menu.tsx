import type { ConversationId, Message } from "@parley/protocol";
import { type JSX, type KeyboardEvent, type RefObject, useImperativeHandle, useRef, useState } from "react";
import { ConfirmDialog } from "../controls/confirm-dialog.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import { EditDialog } from "./edit-dialog.js";
import { EditsDialog } from "./edits-dialog.js";
import styles from "./message-menu.module.css";
import type { Row } from "./rows.js";

type DialogName = "edit" | "edits" | "recall" | "delete";

const EDGE_PX = 8;
const GAP_PX = 4;

export interface MessageMenuHandle {
  /** Opens the menu of a row beside the button that asked for it. */
  open(row: Row, button: HTMLElement): void;
  /** Shows what an edited message said before. */
  showEdits(message: Message): void;
}

/** The menu of a message; one for all rows, because rows come and go while one scrolls. */
export function MessageMenu(props: {
  readonly ref: RefObject<MessageMenuHandle | null>;
  readonly conversationId: ConversationId;
  readonly isGroup: boolean;
}): JSX.Element {
  const { ref, conversationId, isGroup } = props;
  const { client } = useChat();
  const strings = useStrings();
  const menu = useRef<HTMLDivElement>(null);
  const [message, setMessage] = useState<Message>();
  const [dialog, setDialog] = useState<DialogName>();
  const moderator = useIsModerator(conversationId);
  useImperativeHandle(ref, () => ({
    open(row, button) {
      if (row.kind === "pending" || menu.current === null) return;
      setMessage(row.message);
      if (isGroup && row.message.senderId !== client.self) moderator.find();
      menu.current.showPopover();
      placeBeside(menu.current, button);
      menu.current.querySelector("button")?.focus();
    },
    showEdits(edited) {
      setMessage(edited);
      setDialog("edits");
    },
  }));
  const text = message?.body?.text?.text;
  const copy = (): void => {
    menu.current?.hidePopover();
    if (text !== undefined) copyText(text);
  };
  const ask = (what: DialogName): void => {
    menu.current?.hidePopover();
    setDialog(what);
  };
  const isOwn = message?.senderId === client.self;
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
        {"clipboard" in navigator ? <MenuItem label={strings.copyText} onClick={copy} /> : null}
        {isOwn && text !== undefined ? <MenuItem label={strings.edit} onClick={() => ask("edit")} /> : null}
        {isOwn || moderator.isOne ? (
          <MenuItem isDanger label={strings.recall} onClick={() => ask("recall")} />
        ) : null}
        <MenuItem isDanger label={strings.deleteForMe} onClick={() => ask("delete")} />
      </div>
      {dialog === undefined || message === undefined ? null : (
        <MessageDialog what={dialog} message={message} onClose={() => setDialog(undefined)} />
      )}
    </>
  );
}

function MenuItem(props: {
  readonly label: string;
  readonly isDanger?: boolean;
  readonly onClick: () => void;
}): JSX.Element {
  const { label, isDanger = false, onClick } = props;
  return (
    <button type="button" role="menuitem" data-danger={isDanger} onClick={onClick}>
      {label}
    </button>
  );
}

/** What is shown or asked about a message. */
function MessageDialog(props: {
  readonly what: DialogName;
  readonly message: Message;
  readonly onClose: () => void;
}): JSX.Element {
  const { what, message, onClose } = props;
  const { client } = useChat();
  const strings = useStrings();
  const { conversationId, sequence } = message;
  if (what === "edit") return <EditDialog message={message} onClose={onClose} />;
  if (what === "edits") return <EditsDialog message={message} onClose={onClose} />;
  return what === "recall" ? (
    <ConfirmDialog
      title={strings.recallConfirmTitle}
      text={strings.recallConfirm}
      action={strings.recall}
      onConfirm={() => client.recall(conversationId, sequence)}
      onClose={onClose}
    />
  ) : (
    <ConfirmDialog
      title={strings.deleteConfirmTitle}
      text={strings.deleteConfirm}
      action={strings.deleteForMe}
      onConfirm={() => client.hide(conversationId, [sequence])}
      onClose={onClose}
    />
  );
}

/** Whether this user is owner or admin of a group; asked when it matters first, and taken for no until the answer comes. */
function useIsModerator(conversationId: ConversationId): {
  readonly isOne: boolean;
  readonly find: () => void;
} {
  const { client } = useChat();
  const [known, setKnown] = useState<{ readonly of: ConversationId; readonly isOne: boolean }>();
  const find = (): void => {
    if (known?.of === conversationId) return;
    client
      .members(conversationId)
      .then((members) => {
        const role = members.find(({ userId }) => userId === client.self)?.role;
        setKnown({ of: conversationId, isOne: role === "owner" || role === "admin" });
      })
      // Asked again with the next menu.
      .catch(() => undefined);
  };
  return { isOne: known?.of === conversationId && known.isOne, find };
}

function copyText(text: string): void {
  // A browser that refuses says so itself.
  navigator.clipboard.writeText(text).catch(() => undefined);
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
