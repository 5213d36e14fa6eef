import { useEffect } from "react";
import { useChat } from "../session/chat-context.js";

/** Says whether somebody is at this page, while somebody is signed in. */
export function useActivity(): void {
  const { presence } = useChat().client;
  useEffect(() => {
    let isOver = false;
    let stop = (): void => undefined;
    const after = (delayMs: number, run: () => void): (() => void) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    };
    import("./shown-presence.js").then(
      ({ watchActivity }) => {
        if (isOver) return;
        stop = watchActivity({ page: document, nowMs: () => Date.now(), after }, (isActive) =>
          presence.setActive(isActive),
        );
      },
      // Somebody counts as there until the page is loaded anew.
      () => undefined,
    );
    return () => {
      isOver = true;
      stop();
    };
  }, [presence]);
}
