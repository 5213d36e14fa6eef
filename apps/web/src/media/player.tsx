import { type JSX, useState } from "react";
import { Icon } from "../controls/icons.js";
import { useStrings } from "../preferences/preferences-context.js";
import { durationText, fileSize } from "./file-size.js";
import { mediaBox } from "./media-box.js";
import type { MediaProps } from "./media-content.js";
import { MediaProblem } from "./media-problem.js";
import styles from "./player.module.css";
import { useMedia } from "./use-media.js";

/** A film or a sound: fetched when it is asked for, then played by the browser's own player, in the same room. */
export function Player(props: MediaProps & { readonly kind: "video" | "audio" }): JSX.Element {
  const { media, place, kind } = props;
  const [isAsked, setIsAsked] = useState(false);
  const { state, retry, spoil } = useMedia({ place, media, isThumbnail: false }, isAsked);
  const box = boxOf(props);
  if (state.kind === "failed") {
    return (
      <div className={styles.box} data-kind={kind} style={box}>
        <MediaProblem code={state.code} media={media} place={place} onRetry={retry} />
      </div>
    );
  }
  if (isAsked && state.kind === "ready") {
    const own = { className: styles.player, src: state.url, controls: true, autoPlay: true, onError: spoil };
    return (
      <div className={styles.box} data-kind={kind} style={box}>
        {kind === "video" ? (
          <video {...own} playsInline aria-label={media.name} />
        ) : (
          <audio {...own} aria-label={media.name} />
        )}
      </div>
    );
  }
  return (
    <button
      type="button"
      className={styles.box}
      data-kind={kind}
      style={box}
      aria-busy={isAsked}
      disabled={place === undefined || isAsked}
      onClick={() => setIsAsked(true)}
    >
      <Invitation {...props} part={state.kind === "loading" ? state.part : undefined} />
    </button>
  );
}

/** What it is, and how far it has come on its way here. */
function Invitation({ media, part }: MediaProps & { readonly part: number | undefined }): JSX.Element {
  const strings = useStrings();
  const about = [durationText(media.durationMs), fileSize(media.bytes, strings.locale)];
  return (
    <>
      <span className={styles.play}>
        <Icon name="play" size={22} />
      </span>
      <span className={styles.words}>
        <span className="unseen">{strings.media.play}</span>
        <span className={styles.name} dir="auto">
          {media.name}
        </span>
        <span className={styles.about}>
          {part === undefined
            ? about.filter((text) => text !== "").join(" · ")
            : strings.media.loading(Math.floor(part * 100))}
        </span>
      </span>
    </>
  );
}

function boxOf({
  media,
  kind,
}: { readonly kind: "video" | "audio" } & Pick<MediaProps, "media">):
  | { readonly width: number; readonly aspectRatio: string }
  | undefined {
  if (kind === "audio") return undefined;
  const { widthPx, heightPx } = mediaBox(media);
  return { width: widthPx, aspectRatio: `${widthPx} / ${heightPx}` };
}
