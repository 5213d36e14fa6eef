import { markdownBody } from "@parley/client";
import type { ConversationId, Message } from "@parley/protocol";
import {
  type JSX,
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { Icon } from "../controls/icons.js";
import { problemText } from "../language/problem-text.js";
import { useTyping } from "../presence/use-typing.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import styles from "./composer.module.css";
import { MentionList } from "./mention-list.js";
import { ReplyBar } from "./reply-bar.js";
import { AttachButton } from "./attach-button.js";
import { AttachmentTray } from "./attachment-tray.js";
import type { Attachment } from "./attachments.js";
import { useAttach, useAttachments } from "./use-attachments.js";
import { type Mentions, useMentions } from "./use-mentions.js";
import { draftLimit, type DraftLimit, textToSend } from "./draft-limit.js";

/** The key code of every key that an input method takes for itself; Safari reports the last Enter only so. */
const COMPOSING_KEY_CODE = 229;
const HEIGHT_PX_MAX = 200;
/** Of the field, above and below: its scrollHeight is without them. */
const BORDERS_PX = 2;

export interface ComposerProps {
  readonly conversationId: ConversationId;
  readonly isGroup: boolean;
  readonly label: string;
  /** What is being answered. */
  readonly replyTo: Message | undefined;
  /** It was, or is not to be any more. */
  readonly onReplied: () => void;
  /** A message was stored, to be sent. */
  readonly onSent: () => void;
  readonly onProblem: (text: string) => void;
}

/** The field to write in. Mount it anew for each conversation: it begins with that one's draft. */
export function Composer(props: ComposerProps): JSX.Element {
  const { conversationId, label, replyTo, onReplied, onProblem } = props;
  const strings = useStrings();
  const { draft, limit, canSend, field, files, mentions, change, send } = useComposer(props);
  const sayTyping = useTyping(conversationId);
  const attach = useAttach(conversationId, onProblem);
  const listId = useId();
  const isChoosing = mentions.choices.length > 0;
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
        field.current?.focus();
      }}
    >
      {replyTo === undefined ? null : <ReplyBar message={replyTo} onCancel={onReplied} />}
      {isChoosing ? (
        <MentionList
          id={listId}
          choices={mentions.choices}
          chosen={mentions.chosen}
          onChoose={mentions.choose}
        />
      ) : null}
      <AttachmentTray items={files} />
      <AttachButton
        onFiles={(chosen) => {
          attach(chosen);
          field.current?.focus();
        }}
      />
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        value={draft}
        placeholder={label}
        aria-label={label}
        aria-invalid={limit.kind === "over"}
        enterKeyHint="send"
        aria-controls={isChoosing ? listId : undefined}
        aria-activedescendant={isChoosing ? `${listId}-${mentions.chosen}` : undefined}
        onChange={(event) => {
          change(event.target.value);
          sayTyping(event.target.value);
          mentions.onCursor(event.target.value, event.target.selectionStart);
        }}
        onPaste={(event) => {
          const pasted = [...event.clipboardData.files];
          // What is copied from a table or a document is a picture too; its words are meant.
          if (pasted.length === 0 || event.clipboardData.getData("text/plain") !== "") return;
          event.preventDefault();
          attach(pasted);
        }}
        onKeyDown={(event) => {
          if (mentions.onKey(event) || !isSendKey(event)) return;
          event.preventDefault();
          send();
        }}
      />
      <button type="submit" className={styles.send} disabled={!canSend} aria-label={strings.send}>
        <Icon name="send" />
      </button>
      <LimitLine limit={limit} />
    </form>
  );
}

/** How much more fits, when that is little. */
function LimitLine({ limit }: { readonly limit: DraftLimit }): JSX.Element {
  const strings = useStrings();
  return (
    <p className={styles.limit} role="status" data-kind={limit.kind}>
      {limit.kind === "over" ? strings.charactersOver(limit.bytesOver) : null}
      {limit.kind === "near" ? strings.bytesLeft(limit.bytesLeft) : null}
    </p>
  );
}

interface ComposerState {
  readonly draft: string;
  readonly limit: DraftLimit;
  readonly canSend: boolean;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly files: readonly Attachment[];
  readonly mentions: Mentions;
  readonly change: (draft: string) => void;
  readonly send: () => void;
}

/** What is being written, and what becomes of it. */
function useComposer(props: ComposerProps): ComposerState {
  const { conversationId, isGroup, replyTo, onReplied, onSent, onProblem } = props;
  const strings = useStrings();
  const { client, drafts, attachments } = useChat();
  const files = useAttachments(conversationId);
  const [draft, setDraft] = useState(() => drafts.read(conversationId));
  const field = useRef<HTMLTextAreaElement>(null);
  const nextCursor = useRef<number>(undefined);
  const limit = draftLimit(draft);
  const text = textToSend(draft);
  const hasFiles = files.some(({ isSentOff, state }) => !isSentOff && state !== "failed");
  const canSend = (text !== undefined || hasFiles) && limit.kind !== "over";
  useFocusWithKeyboard(field);
  useEffect(() => {
    if (replyTo !== undefined) field.current?.focus();
  }, [replyTo]);
  useLayoutEffect(() => {
    fitHeight(field.current);
    // With the very drawing that brings the new text: the next key may come before another frame.
    if (nextCursor.current !== undefined)
      field.current?.setSelectionRange(nextCursor.current, nextCursor.current);
    nextCursor.current = undefined;
  }, [draft]);
  const change = (next: string): void => {
    setDraft(next);
    drafts.keep(conversationId, next);
  };
  const mentions = useMentions({
    conversationId,
    isGroup,
    draft,
    onChosen: (next, cursor) => {
      change(next);
      nextCursor.current = cursor;
    },
  });
  useEffect(
    () =>
      attachments.onReturned((id) => {
        if (id === conversationId) setDraft(drafts.read(conversationId));
      }),
    [attachments, drafts, conversationId],
  );
  const send = (): void => {
    if (!canSend) return;
    const reply = replyTo === undefined ? {} : { reply: { sequence: replyTo.sequence } };
    onReplied();
    const body = { ...(text === undefined ? {} : markdownBody(text, mentions.names)), ...reply };
    // The words with a file are plain: what is rich is a message of its own before it.
    const isApart = !hasFiles || body.rich !== undefined;
    if (!isApart) {
      change("");
      attachments.send(conversationId, { draft, body });
      onSent();
      return;
    }
    // The draft is kept until the message is stored: the page may go at any moment.
    setDraft("");
    const isAsLeft = (): boolean => ["", draft].includes(drafts.read(conversationId));
    client.send(conversationId, body).then(
      () => {
        if (isAsLeft()) drafts.keep(conversationId, "");
        onSent();
      },
      (error: unknown) => {
        // Nothing was stored, so the words go back to where they were written, unless new ones are there.
        if (isAsLeft()) change(draft);
        onProblem(problemText(strings, error));
      },
    );
    if (hasFiles) attachments.send(conversationId, undefined);
  };
  return { draft, limit, canSend, field, files, mentions, change, send };
}

function isSendKey(event: KeyboardEvent): boolean {
  const isComposing = event.nativeEvent.isComposing || event.keyCode === COMPOSING_KEY_CODE;
  return event.key === "Enter" && !event.shiftKey && !isComposing;
}

/** Opening a conversation puts the cursor into the field, unless that would raise a keyboard over the messages. */
function useFocusWithKeyboard(field: RefObject<HTMLTextAreaElement | null>): void {
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) field.current?.focus({ preventScroll: true });
  }, [field]);
}

/** Where the style sheet does it, without having the page laid out for each key. */
const IS_FITTED_BY_STYLE = typeof CSS !== "undefined" && CSS.supports("field-sizing", "content");

/** As high as its text. The form keeps its height while that is measured, or the messages above would jump. */
function fitHeight(field: HTMLTextAreaElement | null): void {
  const form = field?.form;
  if (!field || !form || IS_FITTED_BY_STYLE) return;
  form.style.height = `${form.offsetHeight}px`;
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + BORDERS_PX, HEIGHT_PX_MAX)}px`;
  form.style.height = "";
}
