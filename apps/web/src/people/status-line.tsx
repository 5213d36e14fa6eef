import type { UserId } from "@parley/protocol";
import { type JSX, useEffect, useState } from "react";
import { useChat, useConnection } from "../session/chat-context.js";
import { loadProfile } from "./load-profile.js";

/** What somebody says of now, under their name; asked for with every conversation that is opened, and every connection. */
export function StatusLine(props: {
  readonly userId: UserId;
  readonly className?: string | undefined;
}): JSX.Element | null {
  const { userId, className } = props;
  const chat = useChat();
  const { state } = useConnection();
  const [statusText, setStatusText] = useState("");
  useEffect(() => {
    if (state !== "live") return undefined;
    let isCurrent = true;
    loadProfile(chat, userId).then(
      (profile) => {
        if (isCurrent) setStatusText(profile?.statusText ?? "");
      },
      // It stays as it was.
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [chat, userId, state]);
  if (statusText === "") return null;
  return (
    <span className={className} dir="auto">
      {statusText}
    </span>
  );
}
