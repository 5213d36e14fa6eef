import type { UserId } from "@parley/protocol";
import { useContext, useEffect, useSyncExternalStore } from "react";
import { ChatContext } from "../session/chat-context.js";

export interface UsedPicture {
  readonly url: string;
  /** The browser cannot show it. */
  readonly onError: () => void;
}

const NEVER = (): (() => void) => () => undefined;

/** The picture of a person; undefined while there is none, and where nobody is signed in. */
export function usePicture(userId: UserId | undefined): UsedPicture | undefined {
  const chat = useContext(ChatContext);
  const version = useSyncExternalStore(chat?.names.subscribe ?? NEVER, () =>
    chat === undefined || userId === undefined ? 0 : chat.names.pictureOf(userId),
  );
  const url = useSyncExternalStore(chat?.pictures.subscribe ?? NEVER, () =>
    chat === undefined || userId === undefined ? undefined : chat.pictures.peek(userId, version),
  );
  useEffect(() => {
    if (userId !== undefined && version > 0) chat?.pictures.want(userId, version);
    // Also when it was dropped, or is to be tried again.
  }, [chat, userId, version, url]);
  if (chat === undefined || userId === undefined || url === undefined) return undefined;
  return { url, onError: () => chat.pictures.spoil(userId, version) };
}
