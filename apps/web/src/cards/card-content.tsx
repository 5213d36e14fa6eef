import { Failure, failureCode } from "@parley/base";
import { type Body, type Card, cardOf, cardText } from "@parley/protocol";
import { type JSX, lazy, type ReactNode, Suspense, useState } from "react";
import { Button } from "../controls/button.js";
import { MessageText } from "../conversation/message-text.js";
import type { MediaPlace } from "../media/media-cache.js";
import { useStrings } from "../preferences/preferences-context.js";
import { CardBoundary } from "./card-boundary.js";
import styles from "./card-content.module.css";
// Here and not with the renderer: a style sheet that did not come would not be asked for again.
import looks from "./card-view.module.css";

const CardView = createCardView();

export interface CardContentProps {
  readonly body: Body;
  /** The reader's own part. */
  readonly part: Card | undefined;
  /** The message that it is; undefined while it has no place. */
  readonly place: MediaPlace | undefined;
}

/** A card as its reader sees it; its words where it cannot be drawn. */
export function CardContent({ body, part, place }: CardContentProps): JSX.Element {
  const strings = useStrings();
  const [{ View, attempt }, setView] = useState({ View: CardView, attempt: 1 });
  const shown = cardOf({ body, cardPart: part });
  const content = shown?.content ?? "";
  const inWords = <MessageText text={cardText({ content }) || strings.cards.cannotShow} />;
  const otherwise = (error: unknown): ReactNode => (
    <>
      {inWords}
      {failureCode(error) === "unavailable" ? (
        <Button kind="link" onClick={() => setView({ View: createCardView(), attempt: attempt + 1 })}>
          {strings.cards.showCard}
        </Button>
      ) : null}
    </>
  );
  return (
    <div className={styles.content}>
      <CardBoundary content={`${attempt} ${content}`} otherwise={otherwise}>
        <Suspense fallback={<span className={styles.hint}>{strings.loading}</span>}>
          <View
            className={looks.card}
            content={content}
            revision={shown?.revision ?? 0}
            place={place}
            otherwise={inWords}
          />
        </Suspense>
      </CardBoundary>
      {shown?.isPrivate === true ? <span className={styles.hint}>{strings.cards.onlyYou}</span> : null}
    </div>
  );
}

/** The renderer is a third of what the page is without it; who gets no cards does not load it. */
function createCardView() {
  return lazy(async () => {
    try {
      return { default: (await import("./card-view.js")).CardView };
    } catch (cause) {
      throw new Failure("unavailable", "The renderer of cards did not come.", { retry: "same", cause });
    }
  });
}
