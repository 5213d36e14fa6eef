import type { MediaBody } from "@parley/protocol";
import type { JSX } from "react";
import { MessageText } from "../conversation/message-text.js";
import { FileCard } from "./file-card.js";
import type { MediaPlace } from "./media-cache.js";
import styles from "./media-content.module.css";
import { shownKindOf } from "./media-kind.js";
import { Picture } from "./picture.js";
import { Player } from "./player.js";

export interface MediaProps {
  readonly media: MediaBody;
  /** The message that it is read by; undefined while it has none. */
  readonly place: MediaPlace | undefined;
}

/** A file of a message as what it is, and what is said with it. */
export function MediaContent({ media, place }: MediaProps): JSX.Element {
  return (
    <div className={styles.content}>
      <Shown media={media} place={place} />
      {media.caption === "" ? null : (
        <div className={styles.caption}>
          <MessageText text={media.caption} />
        </div>
      )}
    </div>
  );
}

function Shown(props: MediaProps): JSX.Element {
  const kind = shownKindOf(props.media);
  if (kind === "image") return <Picture {...props} />;
  if (kind === "file") return <FileCard {...props} />;
  return <Player {...props} kind={kind} />;
}
