import { type DragEvent, type JSX, type ReactNode, useRef, useState } from "react";
import { Icon } from "../controls/icons.js";
import { useStrings } from "../preferences/preferences-context.js";
import styles from "./drop-zone.module.css";

/** Takes files that are dropped anywhere on what is in it. */
export function DropZone(props: {
  /** Undefined where nothing can be written: then files do not leave their place. */
  readonly onFiles: ((files: readonly File[]) => void) | undefined;
  readonly onProblem: (text: string) => void;
  readonly children: ReactNode;
}): JSX.Element {
  const { onFiles, onProblem, children } = props;
  const { media } = useStrings();
  const [isOver, setIsOver] = useState(false);
  /** Entering an element inside comes before leaving the one around it. */
  const depth = useRef(0);
  const over = (change: number): void => {
    depth.current = Math.max(0, depth.current + change);
    setIsOver(depth.current > 0 && onFiles !== undefined);
  };
  const onDrop = (event: DragEvent): void => {
    depth.current = 0;
    setIsOver(false);
    if (!hasFiles(event)) return;
    // Without this the browser would open the file instead of the page.
    event.preventDefault();
    const items = [...event.dataTransfer.items].filter(({ kind }) => kind === "file");
    const files = items.filter((item) => item.webkitGetAsEntry()?.isDirectory !== true);
    if (files.length < items.length && onFiles !== undefined) onProblem(media.folder);
    onFiles?.(files.flatMap((item) => item.getAsFile() ?? []));
  };
  return (
    <div
      className={styles.zone}
      onDragEnter={(event) => {
        if (hasFiles(event)) over(1);
      }}
      onDragLeave={(event) => {
        if (hasFiles(event)) over(-1);
      }}
      onDragOver={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = onFiles === undefined ? "none" : "copy";
      }}
      onDrop={onDrop}
    >
      {children}
      {isOver ? (
        <div className={styles.target}>
          <span className={styles.words}>
            <Icon name="attach" size={26} />
            {media.dropHere}
          </span>
        </div>
      ) : null}
    </div>
  );
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer.types.includes("Files");
}
