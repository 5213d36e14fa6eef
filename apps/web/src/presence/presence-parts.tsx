/**
 * Where it is shown who is there and who types. The code that does so comes after the first screen; where it cannot be fetched, nobody is shown to
 * be there until the page is loaded anew.
 */
import type { ConversationId, UserId } from "@parley/protocol";
import { type ComponentType, type FunctionComponent, type JSX, lazy, type ReactNode, Suspense } from "react";
import type * as LateCode from "./shown-presence.js";
// Here and not with the late code: a style sheet that did not come would not be asked for again.
import styles from "./presence.module.css";

const Dot = late((code) => code.Dot);
const Word = late((code) => code.Word);
const PresenceText = late((code) => code.PresenceText);
const TypingText = late((code) => code.TypingText);

/** An avatar with a dot at its edge. It says nothing to a screen reader: `PresenceWord` does. Without a `userId` there is the avatar alone. */
export function WithPresence(props: {
  readonly userId: UserId | undefined;
  readonly size?: "small" | "large";
  readonly children: ReactNode;
}): JSX.Element {
  const { userId, size = "large", children } = props;
  return (
    <span className={styles.place} data-size={size}>
      {children}
      {userId === undefined ? null : <Shown part={<Dot userId={userId} look={styles.dot} />} />}
    </span>
  );
}

/** What the dot shows, in a word that is only heard. */
export function PresenceWord({ userId }: { readonly userId: UserId | undefined }): JSX.Element | null {
  return userId === undefined ? null : <Shown part={<Word userId={userId} />} />;
}

/** Whether somebody is there, in words. Its room is there before it is known, so that nothing moves. */
export function PresenceLine({ userId }: { readonly userId: UserId }): JSX.Element {
  return (
    <p className={styles.line}>
      <Shown part={<PresenceText userId={userId} />} />
    </p>
  );
}

/** Who types. Its room is there while nobody does, so that nothing moves. */
export function TypingLine({ conversationId }: { readonly conversationId: ConversationId }): JSX.Element {
  return (
    <p className={styles.typing} aria-live="polite">
      <Shown part={<TypingText conversationId={conversationId} />} />
    </p>
  );
}

function Shown({ part }: { readonly part: ReactNode }): JSX.Element {
  return <Suspense fallback={null}>{part}</Suspense>;
}

function late<P extends object>(pick: (code: typeof LateCode) => FunctionComponent<P>): ComponentType<P> {
  return lazy(async (): Promise<{ readonly default: ComponentType<P> }> => {
    try {
      return { default: pick(await import("./shown-presence.js")) };
    } catch {
      return { default: () => null };
    }
  });
}
