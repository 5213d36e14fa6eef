import { type MediaBody, type Message, previewedLink } from "@parley/protocol";
import type { JSX } from "react";
import { problemText } from "../language/problem-text.js";
import { saveFile } from "../media/save-file.js";
import { usePreferences, useStrings } from "../preferences/preferences-context.js";
import { useChat, usePins } from "../session/chat-context.js";
import { MenuItem } from "./menu-item.js";
import { QUICK_REACTIONS, useToggleReaction } from "./reactions.js";
import styles from "./reactions.module.css";

/** What the menu of a message offers beside changing it: reactions, and pinning. */
export function StateItems(props: {
  readonly message: Message;
  readonly onProblem: (text: string) => void;
  readonly onDone: () => void;
}): JSX.Element | null {
  const { message, onProblem, onDone } = props;
  const { conversationId, sequence, body, recall, reactions } = message;
  const { client } = useChat();
  const strings = useStrings();
  const toggle = useToggleReaction(onProblem);
  const pins = usePins(conversationId);
  if (recall !== undefined) return null;
  const isPinned = pins.some((one) => one.message?.sequence === sequence);
  const pin = (): void => {
    onDone();
    const change = isPinned ? client.unpin(conversationId, sequence) : client.pin(conversationId, sequence);
    change.catch((error: unknown) => onProblem(problemText(strings, error)));
  };
  const save = (media: MediaBody): void => {
    onDone();
    saveFile(client, message, { media }).catch((error: unknown) => onProblem(problemText(strings, error)));
  };
  const react = (key: string): void => {
    onDone();
    toggle(message, key);
  };
  return (
    <>
      {body?.notice === undefined ? <ReactionPicker mine={reactions?.mine ?? []} onPick={react} /> : null}
      <MenuItem label={isPinned ? strings.unpin : strings.pin} onClick={pin} />
      <PreviewItem message={message} onProblem={onProblem} onDone={onDone} />
      {body?.media === undefined ? null : <MenuItem label={strings.save} onClick={() => save(body.media!)} />}
    </>
  );
}

/** Takes the preview of a link away from what one wrote, for everybody, or gives it back. */
function PreviewItem(props: {
  readonly message: Message;
  readonly onProblem: (text: string) => void;
  readonly onDone: () => void;
}): JSX.Element | null {
  const { message, onProblem, onDone } = props;
  const { conversationId, sequence, senderId, body } = message;
  const { client } = useChat();
  const strings = useStrings();
  const { hasLinkPreviews } = usePreferences().preferences;
  if (body === undefined || senderId !== client.self || body.forwarded !== undefined) return null;
  if (!hasLinkPreviews || previewedLink({ ...body, hidesPreview: false }) === undefined) return null;
  const { text, rich, mentions, hidesPreview } = body;
  const change = (): void => {
    onDone();
    client
      .edit(conversationId, sequence, { text, rich, mentions, hidesPreview: !hidesPreview })
      .catch((error: unknown) => onProblem(problemText(strings, error)));
  };
  return <MenuItem label={hidesPreview ? strings.previews.show : strings.previews.remove} onClick={change} />;
}

/** The usual reactions; those given already are marked, and a click takes them back. */
function ReactionPicker(props: {
  readonly mine: readonly string[];
  readonly onPick: (key: string) => void;
}): JSX.Element {
  const { mine, onPick } = props;
  const strings = useStrings();
  return (
    <div className={styles.picker} role="group" aria-label={strings.react}>
      {QUICK_REACTIONS.map((key) => (
        <button
          key={key}
          type="button"
          role="menuitemcheckbox"
          aria-checked={mine.includes(key)}
          aria-label={key}
          onClick={() => onPick(key)}
        >
          {key}
        </button>
      ))}
    </div>
  );
}
