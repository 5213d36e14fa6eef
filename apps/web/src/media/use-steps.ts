import type { ConversationId } from "@parley/protocol";
import { useRef, useState } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useTimeline } from "../session/chat-context.js";
import { indexOfPicture, picturesOf } from "./pictures-of.js";
import type { ViewedPicture } from "./viewer-context.js";

/** So many older messages are loaded at a time to find an earlier picture. */
const PAGE = 100;
/** And so many times for one step. */
const PAGES_MAX = 5;

export interface Steps {
  readonly hasPrevious: boolean;
  readonly hasNext: boolean;
  readonly previous: () => void;
  readonly next: () => void;
  /** "3 of 7"; empty for a picture that stands alone. */
  readonly position: string;
}

/** The ways to the pictures before and after; older messages are loaded for the one before. */
export function useSteps(props: {
  readonly conversationId: ConversationId;
  readonly shown: ViewedPicture;
  readonly onShow: (picture: ViewedPicture) => void;
}): Steps {
  const { conversationId, shown, onShow } = props;
  const { client } = useChat();
  const strings = useStrings();
  const timeline = useTimeline(conversationId);
  const isBusy = useRef(false);
  const [isOldest, setIsOldest] = useState(false);
  const pictures = picturesOf(timeline?.messages ?? []);
  const at = indexOfPicture(pictures, shown);
  const show = (index: number): void => {
    const picture = pictures[index];
    if (picture !== undefined) onShow(picture);
  };
  const older = async (): Promise<void> => {
    for (let page = 0; page < PAGES_MAX; page++) {
      const loaded = await client.loadOlder(conversationId, PAGE);
      const found = picturesOf(loaded.messages);
      const picture = found[indexOfPicture(found, shown) - 1];
      if (picture !== undefined) return onShow(picture);
      if (loaded.isAtBeginning) return setIsOldest(true);
    }
  };
  const isMoreLoaded = timeline?.isAtBeginning === false && !isOldest;
  return {
    hasPrevious: at > 0 || (at === 0 && isMoreLoaded),
    hasNext: at >= 0 && at < pictures.length - 1,
    previous: () => {
      if (at > 0) return show(at - 1);
      if (at < 0 || !isMoreLoaded || isBusy.current) return;
      isBusy.current = true;
      older()
        // Without a connection it stays where it is; another step tries again.
        .catch(() => undefined)
        .finally(() => {
          isBusy.current = false;
        })
        .catch(() => undefined);
    },
    next: () => show(at + 1),
    position: at < 0 ? "" : strings.media.position(at + 1, pictures.length),
  };
}
