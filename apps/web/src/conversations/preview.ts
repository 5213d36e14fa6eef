/** One line about the newest message of a conversation. */
import type { ConversationEntry, UserId } from "@parley/protocol";
import { noticeText } from "../conversation/notice-text.js";
import { bodyWords } from "../language/body-words.js";
import type { Strings } from "../language/english.js";

/** More is never seen; a long text is not laid out for nothing. */
const PREVIEW_CHARACTERS_MAX = 120;

export interface PreviewOptions {
  readonly strings: Strings;
  readonly self: UserId;
  readonly nameOf: (userId: UserId) => string;
  readonly isGroup: boolean;
  /** What was begun to be written; it is shown instead. */
  readonly draft: string;
}

/** The draft, else who said what; a sentence when there is nothing to show. */
export function previewOf(entry: Pick<ConversationEntry, "lastMessage">, options: PreviewOptions): string {
  const { strings, self, nameOf, isGroup, draft } = options;
  if (draft.trim() !== "") return strings.draftPrefix(oneLine(draft));
  const { lastMessage } = entry;
  if (lastMessage === undefined) return strings.noPreview;
  const { body, senderId, recall } = lastMessage;
  if (recall !== undefined) return strings.recalled(nameOf(recall.actorId));
  if (body?.notice !== undefined) return noticeText(strings, body.notice, nameOf);
  const text = oneLine(bodyWords(body, strings));
  if (senderId === self) return strings.youPrefix(text);
  return isGroup ? strings.saidBy(nameOf(senderId), text) : text;
}

function oneLine(text: string): string {
  const line = text
    .slice(0, PREVIEW_CHARACTERS_MAX * 2)
    .replaceAll(/\s+/gu, " ")
    .trim();
  return line.length > PREVIEW_CHARACTERS_MAX ? `${line.slice(0, PREVIEW_CHARACTERS_MAX)}…` : line;
}
