import { useEffect } from "react";
import { useChat } from "../session/chat-context.js";
import { watchActivity } from "./activity.js";

/** Says whether somebody is at this page, while somebody is signed in. */
export function useActivity(): void {
  const { presence } = useChat().client;
  useEffect(() => {
    const after = (delayMs: number, run: () => void): (() => void) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    };
    return watchActivity({ page: document, nowMs: () => Date.now(), after }, (isActive) =>
      presence.setActive(isActive),
    );
  }, [presence]);
}
