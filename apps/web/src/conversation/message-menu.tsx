import { type ConversationId, type Message, plainText } from "@parley/protocol";
import { type JSX, type RefObject, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { moveFocus, placeBeside } from "../controls/popover-menu.js";
import { ConfirmDialog } from "../controls/confirm-dialog.js";
import { ForwardDialog } from "../dialogs/dialogs.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import { EditDialog } from "./edit-dialog.js";
import { EditsDialog } from "./edits-dialog.js";
import { MenuItem } from "./menu-item.js";
import styles from "./message-menu.module.css";
import type { Row } from "./rows.js";
import { StateItems } from "./state-items.js";

type DialogName = "forward" | "edit" | "edits" | "recall" | "delete";

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
  /** Undefined where nothing can be written. */
  readonly onReply: ((message: Message) => void) | undefined;
  readonly onProblem: (text: string) => void;
}): JSX.Element {
  const { ref, conversationId, isGroup, onReply, onProblem } = props;
  const { client } = useChat();
  const strings = useStrings();
  const menu = useRef<HTMLDivElement>(null);
  const [message, setMessage] = useState<Message>();
  const [dialog, setDialog] = useState<DialogName>();
  const moderator = useIsModerator(conversationId);
  const anchor = useRef<HTMLElement>(null);
  // It grows when one turns out to be a moderator.
  useLayoutEffect(() => {
    if (menu.current?.matches(":popover-open") && anchor.current) placeBeside(menu.current, anchor.current);
  }, [moderator.isOne]);
  useImperativeHandle(ref, () => ({
    open(row, button) {
      if (row.kind === "pending" || menu.current === null) return;
      // Drawn at once: what it offers decides how high it is.
      flushSync(() => setMessage(row.message));
      anchor.current = button;
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
        {message === undefined ? null : (
          <StateItems message={message} onProblem={onProblem} onDone={() => menu.current?.hidePopover()} />
        )}
        <MenuItems
          message={message}
          isOwn={message?.senderId === client.self}
          isModerator={moderator.isOne}
          onReply={onReply}
          onAsk={setDialog}
          onChosen={() => menu.current?.hidePopover()}
        />
      </div>
      <MessageDialog what={dialog} message={message} onClose={() => setDialog(undefined)} />
    </>
  );
}

function MenuItems(props: {
  readonly message: Message | undefined;
  readonly isOwn: boolean;
  readonly isModerator: boolean;
  readonly onReply: ((message: Message) => void) | undefined;
  readonly onAsk: (what: DialogName) => void;
  /** One of them was. */
  readonly onChosen: () => void;
}): JSX.Element {
  const { message, isOwn, isModerator, onReply, onAsk, onChosen } = props;
  const strings = useStrings();
  const body = message?.body;
  // The words with a file, not its name.
  const text = body?.media === undefined ? plainText(body) : body.media.caption;
  const isContent = body !== undefined && body.notice === undefined;
  const isText = body?.forwarded === undefined && (body?.text ?? body?.rich) !== undefined;
  const item = (label: string, action: () => void, isDanger = false): JSX.Element => (
    <MenuItem
      label={label}
      isDanger={isDanger}
      onClick={() => {
        onChosen();
        action();
      }}
    />
  );
  return (
    <>
      {"clipboard" in navigator && text !== "" ? item(strings.copyText, () => copyText(text)) : null}
      {isContent && onReply !== undefined ? item(strings.reply, () => onReply(message!)) : null}
      {isContent ? item(strings.forward, () => onAsk("forward")) : null}
      {isOwn && isText ? item(strings.edit, () => onAsk("edit")) : null}
      {isOwn || isModerator ? item(strings.recall, () => onAsk("recall"), true) : null}
      {item(strings.deleteForMe, () => onAsk("delete"), true)}
    </>
  );
}

/** What is shown or asked about a message. */
function MessageDialog(props: {
  readonly what: DialogName | undefined;
  readonly message: Message | undefined;
  readonly onClose: () => void;
}): JSX.Element | null {
  const { what, message, onClose } = props;
  const { client } = useChat();
  const strings = useStrings();
  if (what === undefined || message === undefined) return null;
  const { conversationId, sequence } = message;
  if (what === "forward") return <ForwardDialog message={message} onClose={onClose} />;
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
