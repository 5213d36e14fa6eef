import { type JSX, useRef } from "react";
import { Icon } from "../controls/icons.js";
import { useStrings } from "../preferences/preferences-context.js";
import styles from "./attach-button.module.css";

/** Opens the browser's own choice of files. */
export function AttachButton({
  onFiles,
}: {
  readonly onFiles: (files: readonly File[]) => void;
}): JSX.Element {
  const strings = useStrings();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className={styles.attach}
        aria-label={strings.media.attach}
        title={strings.media.attach}
        onClick={() => input.current?.click()}
      >
        <Icon name="attach" size={22} />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={strings.media.attach}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          // The same file may be chosen again.
          event.target.value = "";
        }}
      />
    </>
  );
}
