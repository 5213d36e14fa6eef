import type { ConversationId } from "@parley/protocol";
import { useCallback, useSyncExternalStore } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import { type Attachment, ATTACHMENTS_MAX } from "./attachments.js";

/** The files in the field of a conversation. */
export function useAttachments(conversationId: ConversationId): readonly Attachment[] {
  const { attachments } = useChat();
  return useSyncExternalStore(attachments.subscribe, () => attachments.list(conversationId));
}

/** What takes files into the field of a conversation, and says why some were not taken. */
export function useAttach(
  conversationId: ConversationId,
  onProblem: (text: string) => void,
): (files: readonly File[]) => void {
  const { attachments } = useChat();
  const { media } = useStrings();
  return useCallback(
    (files) => {
      const refusal = attachments.add(conversationId, files);
      if (refusal === "too-many") onProblem(media.tooMany(ATTACHMENTS_MAX));
      if (refusal === "empty") onProblem(media.empty);
    },
    [attachments, conversationId, media, onProblem],
  );
}
