import type { JSX } from "react";
import { Button } from "../controls/button.js";
import { Icon } from "../controls/icons.js";
import { problemOfCode } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import type { MediaProps } from "./media-content.js";
import styles from "./media-problem.module.css";
import { useSaving } from "./save-file.js";

/** Why a file is not shown, in its place, and what one can do about it. */
export function MediaProblem(
  props: MediaProps & { readonly code: string; readonly onRetry: () => void },
): JSX.Element {
  const { code, media, place, onRetry } = props;
  const strings = useStrings();
  const { percent, problem, save } = useSaving(media, place);
  return (
    <div className={styles.problem} role="group" aria-label={media.name}>
      <Icon name="warning" size={22} />
      <span role="status">{problem || problemOfCode(strings, code)}</span>
      {code === "unplayable" ? (
        <Button
          kind="link"
          aria-label={strings.media.save(media.name)}
          disabled={percent !== undefined}
          onClick={save}
        >
          {strings.save}
        </Button>
      ) : (
        <Button kind="link" onClick={onRetry}>
          {strings.retry}
        </Button>
      )}
    </div>
  );
}
