import { CARD_DATA_BYTES_MAX } from "@parley/protocol";
import { type JSX, type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Button } from "../controls/button.js";
import { Problem } from "../controls/problem.js";
import { problemText } from "../language/problem-text.js";
import type { MediaPlace } from "../media/media-cache.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import { CardCanvas } from "./card-canvas.js";
import styles from "./card-content.module.css";
import type { CardCall } from "./card-renderer.js";
import { safeCard } from "./safe-card.js";

/** A card that is higher is shown up to here, until one asks for the rest. */
const HEIGHT_PX_MAX = 460;
/** Nothing is cut off for so little. */
const SPARED_PX_MAX = 100;

export interface CardViewProps {
  /** JSON. */
  readonly content: string;
  readonly revision: number;
  /** The message that it is; undefined while it has no place. */
  readonly place: MediaPlace | undefined;
  readonly className: string | undefined;
  /** Stands there when nothing can be drawn. */
  readonly otherwise: ReactNode;
}

/** A card, drawn, and what becomes of what one does with it. */
export function CardView(props: CardViewProps): ReactNode {
  const { content, revision, place, className, otherwise } = props;
  const { cardInputs } = useChat();
  const strings = useStrings();
  const card = useMemo(() => safeCard(content), [content]);
  const { isBusy, doneRevision, problem, call, dismiss } = useActing(revision, place);
  if (card === undefined) return otherwise;
  return (
    <>
      <Capped>
        <CardCanvas
          className={className}
          card={card}
          name={place === undefined ? undefined : `${place.conversationId} ${place.sequence}`}
          kept={cardInputs}
          isBusy={isBusy}
          onCall={call}
        />
      </Capped>
      <Problem text={problem} onDismiss={dismiss} />
      <span className={styles.hint} role="status">
        {isBusy ? strings.cards.sending : doneRevision === revision ? strings.cards.sent : ""}
      </span>
    </>
  );
}

/** Tells the application of a card what one does with it, one thing at a time. */
function useActing(
  revision: number,
  place: MediaPlace | undefined,
): {
  readonly isBusy: boolean;
  /** Of the content with which something was done last. */
  readonly doneRevision: number | undefined;
  readonly problem: string;
  readonly call: (call: CardCall) => void;
  readonly dismiss: () => void;
} {
  const { client } = useChat();
  const strings = useStrings();
  const [isBusy, setIsBusy] = useState(false);
  const [doneRevision, setDoneRevision] = useState<number>();
  const [problem, setProblem] = useState("");
  // Known at once, so that two clicks are one.
  const isCalling = useRef(false);
  const call = ({ verb, data }: CardCall): void => {
    if (place === undefined || isCalling.current) return;
    setDoneRevision(undefined);
    if (new TextEncoder().encode(JSON.stringify(data)).length > CARD_DATA_BYTES_MAX) {
      setProblem(strings.cards.tooMuch);
      return;
    }
    isCalling.current = true;
    setIsBusy(true);
    setProblem("");
    void client
      .actOnCard(place.conversationId, place.sequence, { verb, data, revision })
      .then(
        () => setDoneRevision(revision),
        (error: unknown) => setProblem(problemText(strings, error)),
      )
      .finally(() => {
        isCalling.current = false;
        setIsBusy(false);
      });
  };
  return { isBusy, doneRevision, problem, call, dismiss: () => setProblem("") };
}

/** Shows so much of a high card, and the rest when it is asked for, or when the cursor goes there. */
function Capped({ children }: { readonly children: ReactNode }): JSX.Element {
  const strings = useStrings();
  const frame = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const [isHigh, setIsHigh] = useState(false);
  const [isOpen, setIsOpen] = useState(false);
  // Whenever it was drawn, before anything measures the row; an observer is told too late for that.
  useLayoutEffect(() => setIsHigh(isHigher(inner.current)));
  useEffect(() => {
    const element = inner.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setIsHigh(isHigher(element)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const isCut = isHigh && !isOpen;
  const toggle = (): void => {
    setIsOpen(!isOpen);
    // What is left of it stands where one looks.
    if (isOpen) frame.current?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
      <div
        ref={frame}
        className={styles.frame}
        data-high={isHigh}
        data-cut={isCut}
        style={isCut ? { maxHeight: HEIGHT_PX_MAX } : undefined}
        onFocus={(event) => {
          const top = event.currentTarget.getBoundingClientRect().top;
          if (isCut && event.target.getBoundingClientRect().bottom - top > HEIGHT_PX_MAX) setIsOpen(true);
        }}
      >
        <div ref={inner}>{children}</div>
      </div>
      {isHigh ? (
        <Button kind="link" aria-expanded={isOpen} onClick={toggle}>
          {isOpen ? strings.cards.showLess : strings.cards.showMore}
        </Button>
      ) : null}
    </>
  );
}

function isHigher(card: HTMLElement | null): boolean {
  return card !== null && card.offsetHeight > HEIGHT_PX_MAX + SPARED_PX_MAX;
}
