import type { JSX } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import { Button } from "./button.js";
import { Icon } from "./icons.js";
import styles from "./problem.module.css";

/** Tells aloud and in red that something failed; nothing while `text` is empty. */
export function Problem(props: {
  readonly text: string;
  /** Given where the message would otherwise stay for ever. */
  readonly onDismiss?: () => void;
}): JSX.Element {
  const { text, onDismiss } = props;
  const strings = useStrings();
  return (
    <div role="alert" className={styles.alert}>
      {text === "" ? null : (
        <p className={styles.problem}>
          <Icon name="warning" size={18} />
          <span className={styles.words}>{text}</span>
          {onDismiss === undefined ? null : (
            <Button kind="icon" aria-label={strings.close} onClick={onDismiss}>
              <Icon name="close" size={16} />
            </Button>
          )}
        </p>
      )}
    </div>
  );
}
