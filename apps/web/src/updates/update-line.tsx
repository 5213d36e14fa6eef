import { type JSX, useEffect } from "react";
import { Button } from "../controls/button.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useConnection } from "../session/chat-context.js";
import styles from "./update-line.module.css";
import { useIsNewerThere, useUpdates } from "./updates-context.js";

/** One line that offers the newer version. Nothing is loaded anew by itself: somebody may be writing. */
export function UpdateLine(): JSX.Element {
  const strings = useStrings();
  const updates = useUpdates();
  const isNewerThere = useIsNewerThere();
  const { state } = useConnection();
  // A server that comes back may have got another version.
  useEffect(() => {
    if (state === "live") updates.check();
  }, [state, updates]);
  return (
    <div role="status">
      {isNewerThere ? (
        <p className={styles.line}>
          <span>{strings.newVersion}</span>
          <Button kind="link" onClick={() => void updates.reload()}>
            {strings.reload}
          </Button>
        </p>
      ) : null}
    </div>
  );
}
