import { useEffect } from "react";
import { useChat } from "../session/chat-context.js";

/** The page does not go by accident: not while files are on their way, and not for a file that is dropped beside its place. */
export function usePageGuards(): void {
  const { attachments } = useChat();
  useEffect(() => {
    const onUnload = (event: BeforeUnloadEvent): void => {
      if (attachments.isBusy) event.preventDefault();
    };
    const onDrag = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes("Files") !== true || event.defaultPrevented) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "none";
    };
    addEventListener("beforeunload", onUnload);
    addEventListener("dragover", onDrag);
    addEventListener("drop", onDrag);
    return () => {
      removeEventListener("beforeunload", onUnload);
      removeEventListener("dragover", onDrag);
      removeEventListener("drop", onDrag);
    };
  }, [attachments]);
}
