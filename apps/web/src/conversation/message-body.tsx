/** What a message says, by its kind. */
import { Body, type Card, coordinatesOf, decode } from "@parley/protocol";
import { type JSX, useState } from "react";
import { CardContent } from "../cards/card-content.js";
import { Dialog } from "../controls/dialog.js";
import { bodyWords } from "../language/body-words.js";
import { MediaContent } from "../media/media-content.js";
import type { MediaPlace } from "../media/media-cache.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useNames } from "../session/chat-context.js";
import styles from "./message-body.module.css";
import { MessageText } from "./message-text.js";
import { RichText } from "./rich-text.js";

/** Of what is merged so many are shown on the card. */
const MERGED_SHOWN = 3;

export interface MessageBodyProps {
  readonly body: Body | undefined;
  /** The message that it is in, by which its files are read; undefined while it has no place. */
  readonly place: MediaPlace | undefined;
  /** Of a card the reader’s own part. */
  readonly cardPart?: Card | undefined;
}

/** The content, with who said it first when it was sent on. */
export function MessageBody(props: MessageBodyProps): JSX.Element {
  const { body } = props;
  const strings = useStrings();
  const nameOf = useNames();
  if (body?.forwarded === undefined) return <Content {...props} />;
  return (
    <div className={styles.forwarded}>
      <span className={styles.hint}>{strings.forwardedFrom(nameOf(body.forwarded.senderId))}</span>
      <Content {...props} />
    </div>
  );
}

function Content({ body, place, cardPart }: MessageBodyProps): JSX.Element {
  const strings = useStrings();
  if (body?.text !== undefined) return <MessageText text={body.text.text} />;
  if (body?.rich !== undefined) return <RichText rich={body.rich} />;
  if (body?.media !== undefined) return <MediaContent media={body.media} place={place} />;
  if (body?.card !== undefined) return <CardContent body={body} part={cardPart} place={place} />;
  if (body?.location !== undefined) return <Place location={body.location} />;
  if (body?.merged !== undefined) return <Merged merged={body.merged} place={place} />;
  if (body?.custom !== undefined) return <MessageText text={body.custom.fallbackText} />;
  return <em>{strings.unknownMessage}</em>;
}

function Place({ location }: { readonly location: NonNullable<Body["location"]> }): JSX.Element {
  const strings = useStrings();
  const { latitude, longitude } = coordinatesOf(location);
  const place = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  return (
    <div className={styles.card}>
      <b dir="auto">{location.name || strings.location}</b>
      {location.address === "" ? null : <span dir="auto">{location.address}</span>}
      <a href={`geo:${latitude},${longitude}`}>{place}</a>
    </div>
  );
}

function Merged(props: {
  readonly merged: NonNullable<Body["merged"]>;
  readonly place: MediaPlace | undefined;
}): JSX.Element {
  const { merged, place } = props;
  const strings = useStrings();
  const nameOf = useNames();
  const [isOpen, setIsOpen] = useState(false);
  const title = merged.title || strings.mergedTitle;
  return (
    <>
      <button type="button" className={styles.card} onClick={() => setIsOpen(true)}>
        <b dir="auto">{title}</b>
        {merged.items.slice(0, MERGED_SHOWN).map(({ senderId, body }, index) => (
          <span key={index} className={styles.line} dir="auto">
            {strings.saidBy(nameOf(senderId), bodyWords(innerBody(body), strings))}
          </span>
        ))}
        <span className={styles.hint}>{strings.messageCount(merged.items.length)}</span>
      </button>
      {isOpen ? (
        <MergedDialog title={title} merged={merged} place={place} onClose={() => setIsOpen(false)} />
      ) : null}
    </>
  );
}

function MergedDialog(props: {
  readonly title: string;
  readonly merged: NonNullable<Body["merged"]>;
  readonly place: MediaPlace | undefined;
  readonly onClose: () => void;
}): JSX.Element {
  const { title, merged, place, onClose } = props;
  const times = useTimes();
  const nameOf = useNames();
  return (
    <Dialog title={title} onClose={onClose}>
      <ol className={styles.items}>
        {merged.items.map(({ senderId, timeMs, body }, index) => (
          <li key={index}>
            <span className={styles.hint}>
              {nameOf(senderId)} · {times.full(timeMs)}
            </span>
            <MessageBody body={innerBody(body)} place={place} />
          </li>
        ))}
      </ol>
    </Dialog>
  );
}

/** Undefined for bytes that are none, which shows as a message that cannot be shown. */
function innerBody(bytes: Uint8Array): Body | undefined {
  try {
    return decode(Body, bytes);
  } catch {
    return undefined;
  }
}
