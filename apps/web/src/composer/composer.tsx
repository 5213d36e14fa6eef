import type { ConversationId } from "@parley/protocol";
import { type JSX, type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Icon } from "../controls/icons.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import styles from "./composer.module.css";
import { draftLimit, textToSend } from "./draft-limit.js";

/** The key code of every key that an input method takes for itself; Safari reports the last Enter only so. */
const COMPOSING_KEY_CODE = 229;
const HEIGHT_PX_MAX = 200;
/** Of the field, above and below: its scrollHeight is without them. */
const BORDERS_PX = 2;

/** The field to write in. Mount it anew for each conversation: it begins with that one's draft. */
export function Composer(props: {
  readonly conversationId: ConversationId;
  readonly label: string;
  readonly onProblem: (text: string) => void;
}): JSX.Element {
  const { conversationId, label, onProblem } = props;
  const strings = useStrings();
  const { client, drafts } = useChat();
  const [draft, setDraft] = useState(() => drafts.read(conversationId));
  const field = useRef<HTMLTextAreaElement>(null);
  const limit = draftLimit(draft);
  const text = textToSend(draft);
  const canSend = text !== undefined && limit.kind !== "over";
  useFocusWithKeyboard(field);
  useLayoutEffect(() => fitHeight(field.current), [draft]);

  const change = (next: string): void => {
    setDraft(next);
    drafts.keep(conversationId, next);
  };
  const send = (): void => {
    if (!canSend) return;
    change("");
    client.sendText(conversationId, text).catch((error: unknown) => {
      // Nothing was stored, so the words go back to where they were written, unless new ones are there.
      if (drafts.read(conversationId) === "") change(draft);
      onProblem(problemText(strings, error));
    });
  };
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
        field.current?.focus();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        value={draft}
        placeholder={label}
        aria-label={label}
        aria-invalid={limit.kind === "over"}
        enterKeyHint="send"
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => {
          if (!isSendKey(event)) return;
          event.preventDefault();
          send();
        }}
      />
      <button type="submit" className={styles.send} disabled={!canSend} aria-label={strings.send}>
        <Icon name="send" />
      </button>
      <p className={styles.limit} role="status" data-kind={limit.kind}>
        {limit.kind === "over" ? strings.charactersOver(limit.bytesOver) : null}
        {limit.kind === "near" ? strings.bytesLeft(limit.bytesLeft) : null}
      </p>
    </form>
  );
}

function isSendKey(event: KeyboardEvent): boolean {
  const isComposing = event.nativeEvent.isComposing || event.keyCode === COMPOSING_KEY_CODE;
  return event.key === "Enter" && !event.shiftKey && !isComposing;
}

/** Opening a conversation puts the cursor into the field, unless that would raise a keyboard over the messages. */
function useFocusWithKeyboard(field: React.RefObject<HTMLTextAreaElement | null>): void {
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) field.current?.focus({ preventScroll: true });
  }, [field]);
}

/** As high as its text. The form keeps its height while that is measured, or the messages above would jump. */
function fitHeight(field: HTMLTextAreaElement | null): void {
  const form = field?.form;
  if (!field || !form) return;
  form.style.height = `${form.offsetHeight}px`;
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + BORDERS_PX, HEIGHT_PX_MAX)}px`;
  form.style.height = "";
}
