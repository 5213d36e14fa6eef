import { type Message, previewedLink } from "@parley/protocol";
import { type ComponentType, type JSX, lazy, Suspense } from "react";
import { usePreferences } from "../preferences/preferences-context.js";
// Here and not with the card: a style sheet that did not come would not be asked for again.
import styles from "./link-card.module.css";
import type { LinkCardProps } from "./link-card.js";

const LOOKS: LinkCardProps["looks"] = {
  card: styles.card,
  picture: styles.picture,
  words: styles.words,
  site: styles.site,
  title: styles.title,
  description: styles.description,
};

/** Fetched with the first link. Where it cannot be, links have no previews until the page is loaded anew. */
const LinkCard = lazy(async (): Promise<{ readonly default: ComponentType<LinkCardProps> }> => {
  try {
    return { default: (await import("./link-card.js")).LinkCard };
  } catch {
    return { default: () => null };
  }
});

/** What a message links to, below its words. */
export function LinkPreview({ message }: { readonly message: Message }): JSX.Element | null {
  const { hasLinkPreviews } = usePreferences().preferences;
  if (!hasLinkPreviews || previewedLink(message.body) === undefined) return null;
  // Another state of the message may link elsewhere.
  const key = `${message.messageId} ${message.revision}`;
  return (
    <Suspense fallback={null}>
      <LinkCard key={key} message={message} looks={LOOKS} />
    </Suspense>
  );
}
