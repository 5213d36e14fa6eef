import type { ConversationId } from "@parley/protocol";
import { type JSX, type KeyboardEvent, useLayoutEffect, useRef } from "react";
import { Button } from "../controls/button.js";
import { Icon } from "../controls/icons.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useNames, useTimeline } from "../session/chat-context.js";
import { MediaProblem } from "./media-problem.js";
import { useSaving } from "./save-file.js";
import { useSteps } from "./use-steps.js";
import { useMedia } from "./use-media.js";
import type { ViewedPicture } from "./viewer-context.js";
import styles from "./viewer.module.css";

/** A picture, whole, over the page: the arrow keys lead through those of the conversation, Escape back to it. */
export function Viewer(props: {
  readonly conversationId: ConversationId;
  readonly shown: ViewedPicture;
  readonly onShow: (picture: ViewedPicture) => void;
  readonly onClose: () => void;
}): JSX.Element {
  const { shown, onClose } = props;
  const strings = useStrings();
  const steps = useSteps(props);
  const dialog = useRef<HTMLDialogElement>(null);
  // Closed before it leaves the page: only then the browser gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: steps.previous, ArrowRight: steps.next }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    step();
  };
  return (
    <dialog
      ref={dialog}
      className={styles.viewer}
      aria-label={strings.media.viewer}
      onKeyDown={onKeyDown}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <Head shown={shown} position={steps.position} onClose={onClose} />
      <div
        className={styles.stage}
        onClick={(event) => {
          if (event.target === event.currentTarget) onClose();
        }}
      >
        <WholePicture key={`${shown.place.sequence} ${shown.media.mediaId}`} {...shown} />
      </div>
      {shown.media.caption === "" ? null : (
        <p className={styles.caption} dir="auto">
          {shown.media.caption}
        </p>
      )}
      <Step side="previous" isThere={steps.hasPrevious} onStep={steps.previous} />
      <Step side="next" isThere={steps.hasNext} onStep={steps.next} />
    </dialog>
  );
}

function Step(props: {
  readonly side: "previous" | "next";
  readonly isThere: boolean;
  readonly onStep: () => void;
}): JSX.Element | null {
  const { side, isThere, onStep } = props;
  const { media } = useStrings();
  if (!isThere) return null;
  return (
    <button type="button" className={styles.step} data-side={side} aria-label={media[side]} onClick={onStep}>
      <Icon name={side === "next" ? "next" : "back"} size={26} />
    </button>
  );
}

function Head(props: {
  readonly shown: ViewedPicture;
  readonly position: string;
  readonly onClose: () => void;
}): JSX.Element {
  const { shown, position, onClose } = props;
  const { media, place } = shown;
  const strings = useStrings();
  const times = useTimes();
  const nameOf = useNames();
  const { percent, problem, save } = useSaving(media, place);
  const message = useTimeline(place.conversationId)?.messages.find(
    ({ sequence }) => sequence === place.sequence,
  );
  return (
    <header className={styles.head}>
      <div className={styles.about}>
        <b dir="auto">{message === undefined ? media.name : nameOf(message.senderId)}</b>
        <span>
          {[message === undefined ? "" : times.full(message.timeMs), position].filter(Boolean).join(" · ")}
        </span>
        <span role="status">{problem || (percent === undefined ? "" : strings.media.loading(percent))}</span>
      </div>
      <Button kind="icon" aria-label={strings.media.save(media.name)} onClick={save}>
        <Icon name="save" size={22} />
      </Button>
      <Button kind="icon" aria-label={strings.close} onClick={onClose}>
        <Icon name="close" size={22} />
      </Button>
    </header>
  );
}

/** The picture itself; its thumbnail in the same room until it is there. */
function WholePicture({ media, place }: ViewedPicture): JSX.Element {
  const strings = useStrings();
  const whole = useMedia({ place, media, isThumbnail: false }, true);
  const small = useMedia({ place, media, isThumbnail: true }, media.hasThumbnail);
  if (whole.state.kind === "failed") {
    return <MediaProblem code={whole.state.code} media={media} place={place} onRetry={whole.retry} />;
  }
  const state = whole.state.kind === "ready" ? whole.state : small.state;
  const size = media.width > 0 ? { width: media.width, height: media.height } : {};
  return (
    <>
      {state.kind === "ready" ? (
        <img
          className={styles.picture}
          {...size}
          src={state.url}
          alt={media.caption || media.name}
          aria-busy={whole.state.kind !== "ready"}
          onError={whole.state.kind === "ready" ? whole.spoil : undefined}
        />
      ) : null}
      {whole.state.kind === "loading" ? (
        <span className={styles.loading} role="status">
          {strings.media.loading(Math.floor(whole.state.part * 100))}
        </span>
      ) : null}
    </>
  );
}
