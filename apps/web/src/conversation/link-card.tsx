import type { LinkPreview as Preview } from "@parley/client";
import type { Message } from "@parley/protocol";
import { type JSX, useEffect, useRef, useState } from "react";
import { useChat, useConnection } from "../session/chat-context.js";
import { knownPreview, notePreview, type ShownPreview, shownPreview } from "./shown-preview.js";

/** A message that was on the screen for so long is read, and not scrolled by. */
const LOOKED_AT_MS = 300;

export interface LinkCardProps {
  readonly message: Message;
  /** Classes of its parts. */
  readonly looks: Readonly<
    Record<"card" | "picture" | "words" | "site" | "title" | "description", string | undefined>
  >;
}

/** What a message links to, once it is known; before that, and without one, it takes no room. Mount it anew for another state of the message. */
export function LinkCard({ message, looks }: LinkCardProps): JSX.Element {
  const { preview, place } = usePreview(message);
  if (preview === undefined) return <div ref={place} />;
  const { url, title, description, site, pictureUrl } = preview;
  return (
    <div ref={place}>
      <a className={looks.card} href={url} target="_blank" rel="noopener noreferrer nofollow">
        {pictureUrl === undefined ? null : (
          <img className={looks.picture} src={pictureUrl} alt="" draggable={false} />
        )}
        <span className={looks.words}>
          <span className={looks.site}>{site}</span>
          <b className={looks.title} dir="auto">
            {title}
          </b>
          {description === "" ? null : (
            <span className={looks.description} dir="auto">
              {description}
            </span>
          )}
        </span>
      </a>
    </div>
  );
}

/** Asks when the message was looked at and there is a connection; what is known already is there at once. */
function usePreview(message: Message): {
  readonly preview: ShownPreview | undefined;
  readonly place: React.RefObject<HTMLDivElement | null>;
} {
  const { client } = useChat();
  const { state } = useConnection();
  const place = useRef<HTMLDivElement>(null);
  const isSeen = useIsLookedAt(place);
  const known = knownPreview(client, message);
  const [preview, setPreview] = useState(known?.preview);
  const isAsked = known === undefined && isSeen && state === "live";
  useEffect(() => {
    if (!isAsked) return undefined;
    let isCurrent = true;
    const show = (found: Preview | undefined): void => {
      const shown = found && shownPreview(found);
      notePreview(client, message, shown);
      if (isCurrent) setPreview(shown);
    };
    // Asked again when the row, or the connection, comes back.
    client.linkPreview(message.conversationId, message.sequence).then(show, () => undefined);
    return () => {
      isCurrent = false;
    };
  }, [client, isAsked]);
  return { preview, place };
}

/** Whether the row of an element has been on the screen for LOOKED_AT_MS. */
function useIsLookedAt(place: React.RefObject<HTMLElement | null>): boolean {
  const [isLookedAt, setIsLookedAt] = useState(false);
  useEffect(() => {
    // The place itself has no height.
    const row = place.current?.parentElement;
    if (isLookedAt || row === null || row === undefined) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const observer = new IntersectionObserver((entries) => {
      clearTimeout(timer);
      if (entries.at(-1)?.isIntersecting === true)
        timer = setTimeout(() => setIsLookedAt(true), LOOKED_AT_MS);
    });
    observer.observe(row);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, [isLookedAt, place]);
  return isLookedAt;
}
