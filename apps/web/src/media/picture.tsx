import type { JSX } from "react";
import { Icon } from "../controls/icons.js";
import { useStrings } from "../preferences/preferences-context.js";
import { mediaBox } from "./media-box.js";
import type { MediaProps } from "./media-content.js";
import { MediaProblem } from "./media-problem.js";
import styles from "./picture.module.css";
import { useMedia } from "./use-media.js";
import { useViewer } from "./viewer-context.js";

/** A picture in the room that its size reserves for it; a click shows it whole. */
export function Picture({ media, place }: MediaProps): JSX.Element {
  const strings = useStrings();
  const view = useViewer();
  const { state, retry, spoil } = useMedia({ place, media, isThumbnail: media.hasThumbnail }, true);
  const { widthPx, heightPx } = mediaBox(media);
  const box = { width: widthPx, aspectRatio: `${widthPx} / ${heightPx}` };
  if (state.kind === "failed") {
    return (
      <div className={styles.box} style={box}>
        <MediaProblem code={state.code} media={media} place={place} onRetry={retry} />
      </div>
    );
  }
  return (
    <button
      type="button"
      className={styles.box}
      style={box}
      aria-label={strings.media.openPicture(media.name)}
      aria-busy={state.kind !== "ready"}
      disabled={place === undefined}
      onClick={() => {
        if (place !== undefined) view({ media, place });
      }}
    >
      {state.kind === "ready" ? (
        <img className={styles.picture} src={state.url} alt="" draggable={false} onError={spoil} />
      ) : (
        <Icon name="picture" size={28} />
      )}
      {media.type === "image/gif" ? <span className={styles.mark}>GIF</span> : null}
    </button>
  );
}
