import { markdownBody, markdownSource, type MentionName } from "@parley/client";
import type { Message } from "@parley/protocol";
import { type JSX, useState } from "react";
import { draftLimit, textToSend } from "../composer/draft-limit.js";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { useAction } from "../controls/use-action.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import styles from "./edit-dialog.module.css";

/** Writes a message of mine anew. It closes when that is done, and says so when it fails. */
export function EditDialog(props: { readonly message: Message; readonly onClose: () => void }): JSX.Element {
  const { message, onClose } = props;
  const { conversationId, sequence } = message;
  const { client } = useChat();
  const strings = useStrings();
  const nameOf = useNames();
  const [draft, setDraft] = useState(() => sourceOf(message));
  const { userIds, isAll } = message.body?.mentions ?? { userIds: [], isAll: false };
  const names: MentionName[] = userIds.map((userId) => ({ label: `@${nameOf(userId)}`, userId }));
  if (isAll) names.push({ label: `@${strings.everybody}`, userId: "all" });
  const limit = draftLimit(draft);
  const text = textToSend(draft);
  const save = async (): Promise<void> => {
    const { hidesPreview = false } = message.body ?? {};
    const body = { ...markdownBody(text ?? "", names), hidesPreview };
    if (text !== undefined) await client.edit(conversationId, sequence, body);
  };
  const { isBusy, problem, run } = useAction(save, onClose);
  const footer = (
    <>
      <Button onClick={onClose}>{strings.cancel}</Button>
      <Button
        kind="primary"
        disabled={isBusy || text === undefined || limit.kind === "over"}
        onClick={() => void run()}
      >
        {strings.save}
      </Button>
    </>
  );
  return (
    <Dialog title={strings.editTitle} onClose={onClose} footer={footer}>
      <textarea
        className={styles.field}
        rows={5}
        dir="auto"
        value={draft}
        aria-label={strings.editField}
        aria-invalid={limit.kind === "over"}
        onChange={(event) => setDraft(event.target.value)}
      />
      <p role="status">{limit.kind === "over" ? strings.charactersOver(limit.bytesOver) : null}</p>
      <Problem text={problem} />
    </Dialog>
  );
}

/** What its author would type to say it. */
function sourceOf({ body }: Message): string {
  return body?.rich === undefined ? (body?.text?.text ?? "") : markdownSource(body.rich);
}
