import { useEffect, useRef, useState } from "react";
import { useChat } from "../session/chat-context.js";
import type { MediaState, MediaTarget, MediaUse } from "./media-cache.js";

export interface UsedMedia {
  readonly state: MediaState;
  readonly retry: () => void;
  /** The browser cannot show what came. */
  readonly spoil: () => void;
}

/** A file of a message, fetched while the component is there and it is wanted. */
export function useMedia(target: MediaTarget, isWanted: boolean): UsedMedia {
  const { cache } = useChat();
  const { place, media, isThumbnail } = target;
  const [state, setState] = useState<MediaState>(() => cache.peek(target));
  const use = useRef<MediaUse>(undefined);
  useEffect(() => {
    if (!isWanted) return undefined;
    const one = cache.use(target);
    const show = (): void => setState(one.state());
    const end = one.subscribe(show);
    use.current = one;
    show();
    return () => {
      end();
      one.release();
      use.current = undefined;
    };
    // The target is made anew with every drawing; what it names is what counts.
  }, [cache, isWanted, place?.conversationId, place?.sequence, media.mediaId, isThumbnail]);
  return { state, retry: () => use.current?.retry(), spoil: () => use.current?.spoil() };
}
