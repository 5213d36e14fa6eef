import { type JSX, useState } from "react";
import { Icon } from "../controls/icons.js";
import type { Strings } from "../language/english.js";
import { problemOfCode } from "../language/problem-text.js";
import { fileSize } from "../media/file-size.js";
import { endingOf } from "../media/media-kind.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import styles from "./attachment-tray.module.css";
import type { Attachment } from "./attachments.js";

/** The files that are to be sent, above the field: how far they are, and what one can do about them. */
export function AttachmentTray({ items }: { readonly items: readonly Attachment[] }): JSX.Element | null {
  const strings = useStrings();
  if (items.length === 0) return null;
  return (
    <ul className={styles.tray} aria-label={strings.media.toSend}>
      {items.map((item) => (
        <Chip key={item.id} item={item} />
      ))}
    </ul>
  );
}

function Chip({ item }: { readonly item: Attachment }): JSX.Element {
  const strings = useStrings();
  const { attachments } = useChat();
  const { id, name, previewUrl, state } = item;
  const isMoving = state === "uploading" || state === "waiting" || state === "queued";
  const percent = percentOf(item);
  return (
    <li className={styles.chip} data-state={state} data-sent={item.isSentOff}>
      <Preview name={name} url={previewUrl} />
      <span className={styles.words}>
        <span className={styles.name} dir="auto" title={name}>
          {name}
        </span>
        <span className={styles.about}>{stateText(item, strings)}</span>
        {isMoving ? (
          <progress className={styles.progress} value={percent} max={100} aria-label={name} />
        ) : null}
      </span>
      {state === "failed" ? (
        <button
          type="button"
          className={styles.action}
          aria-label={strings.media.retryUpload(name)}
          onClick={() => attachments.retry(id)}
        >
          <Icon name="retry" size={16} />
        </button>
      ) : null}
      <button
        type="button"
        className={styles.action}
        aria-label={strings.media.remove(name)}
        onClick={() => attachments.remove(id)}
      >
        <Icon name="close" size={16} />
      </button>
    </li>
  );
}

/** The picture, or the type of what is none, also of what only says that it is one. */
function Preview({ name, url }: { readonly name: string; readonly url: string | undefined }): JSX.Element {
  const [isBroken, setIsBroken] = useState(false);
  return (
    <span className={styles.preview}>
      {url === undefined || isBroken ? (
        <>
          <Icon name="file" size={30} />
          <span className={styles.ending}>{endingOf(name)}</span>
        </>
      ) : (
        <img src={url} alt="" draggable={false} onError={() => setIsBroken(true)} />
      )}
    </span>
  );
}

function stateText(item: Attachment, strings: Strings): string {
  const { media } = strings;
  const size = fileSize(item.bytes, strings.locale);
  switch (item.state) {
    case "queued":
      return `${size} · ${media.queued}`;
    case "uploading":
      return media.uploaded(percentOf(item), size);
    case "waiting":
      return media.waiting;
    case "ready":
      return item.isSentOff ? media.sendsWhenReady : `${size} · ${media.ready}`;
    case "failed":
      return problemOfCode(strings, item.code ?? "unexpected");
  }
}

function percentOf({ sentBytes, bytes }: Attachment): number {
  return Math.floor((sentBytes / bytes) * 100);
}
