import type { UserId } from "@parley/protocol";
import { type JSX, useEffect, useState } from "react";
import { useChat, useConnection } from "../session/chat-context.js";

/** What somebody says of now, under their name; asked for with every conversation that is opened, and every connection. */
export function StatusLine(props: {
  readonly userId: UserId;
  readonly className?: string | undefined;
}): JSX.Element | null {
  const { userId, className } = props;
  const { client, names } = useChat();
  const { state } = useConnection();
  const [statusText, setStatusText] = useState("");
  useEffect(() => {
    if (state !== "live") return undefined;
    let isCurrent = true;
    client.profiles([userId]).then(
      (profiles) => {
        names.learn(profiles);
        if (isCurrent) setStatusText(profiles[0]?.statusText ?? "");
      },
      // It stays as it was.
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [client, names, userId, state]);
  if (statusText === "") return null;
  return (
    <span className={className} dir="auto">
      {statusText}
    </span>
  );
}
