import type { ConversationId } from "@parley/protocol";
import { useChat } from "../session/chat-context.js";

/** Tells the others that one types; to be called with each draft. To empty the field is not typing. */
export function useTyping(conversationId: ConversationId): (draft: string) => void {
  const { presence } = useChat().client;
  return (draft) => {
    if (draft !== "") presence.typing(conversationId);
  };
}
