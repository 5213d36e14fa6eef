import { splitLinks } from "@parley/protocol";
import { type JSX, memo, useMemo } from "react";
import styles from "./message-text.module.css";

/** A text as it was written, with its addresses as links. Never HTML. */
export const MessageText = memo(function MessageText({ text }: { readonly text: string }): JSX.Element {
  const parts = useMemo(() => splitLinks(text), [text]);
  let offset = 0;
  return (
    <span className={styles.text} dir="auto">
      {parts.map((part) => {
        const key = offset;
        offset += part.text.length;
        if (part.href === undefined) return <span key={key}>{part.text}</span>;
        return (
          <a key={key} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        );
      })}
    </span>
  );
});
