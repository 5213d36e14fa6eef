import { useEffect } from "react";
import { useChat } from "../session/chat-context.js";

/** What a key does is shown before what comes from others. */
export function useKeysFirst(): void {
  const { pace } = useChat();
  useEffect(() => {
    const onKey = (): void => pace.onKey();
    addEventListener("keydown", onKey, true);
    return () => removeEventListener("keydown", onKey, true);
  }, [pace]);
}
