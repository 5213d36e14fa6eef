import type { JSX } from "react";
import { Icon } from "../controls/icons.js";
import { useStrings } from "../preferences/preferences-context.js";
import styles from "./file-card.module.css";
import { fileSize } from "./file-size.js";
import type { MediaProps } from "./media-content.js";
import { endingOf } from "./media-kind.js";
import { useSaving } from "./save-file.js";

/** A file with its name, its type and its size; a click saves it. */
export function FileCard({ media, place }: MediaProps): JSX.Element {
  const strings = useStrings();
  const { percent, problem, save } = useSaving(media, place);
  const isSaving = percent !== undefined;
  return (
    <div className={styles.frame}>
      <button
        type="button"
        className={styles.card}
        aria-label={strings.media.save(media.name)}
        aria-busy={isSaving}
        disabled={place === undefined}
        onClick={save}
      >
        <span className={styles.icon}>
          <Icon name="file" size={34} />
          <span className={styles.ending}>{endingOf(media.name)}</span>
        </span>
        <span className={styles.words}>
          <span className={styles.name} dir="auto">
            {media.name}
          </span>
          <span className={styles.about}>
            {isSaving ? strings.media.loading(percent) : fileSize(media.bytes, strings.locale)}
          </span>
        </span>
        <Icon name="save" size={18} />
      </button>
      <span className={styles.problem} role="status">
        {problem === "" ? "" : `${problem} `}
        {problem === "" ? null : (
          <button type="button" className={styles.retry} onClick={save}>
            {strings.retry}
          </button>
        )}
      </span>
    </div>
  );
}
