import type { UserId } from "@parley/protocol";
import type { JSX, ReactNode } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import styles from "./presence-dot.module.css";
import { usePresence } from "./use-presence.js";

/**
 * An avatar with a dot at its edge: full when somebody is there, a ring when somebody is away, none otherwise. It says nothing to a screen
 * reader: `PresenceWord` does. Without a `userId` there is the avatar alone.
 */
export function WithPresence(props: {
  readonly userId: UserId | undefined;
  readonly size?: "small" | "large";
  readonly children: ReactNode;
}): JSX.Element {
  const { userId, size = "large", children } = props;
  return (
    <span className={styles.place} data-size={size}>
      {children}
      {userId === undefined ? null : <Dot userId={userId} />}
    </span>
  );
}

function Dot({ userId }: { readonly userId: UserId }): JSX.Element | null {
  const { state } = usePresence(userId);
  if (state !== "online" && state !== "away") return null;
  return <span className={styles.dot} data-presence={state} aria-hidden="true" />;
}

/** What the dot shows, in a word that is only heard. */
export function PresenceWord({ userId }: { readonly userId: UserId }): JSX.Element | null {
  const { words } = useStrings().presence;
  const { state } = usePresence(userId);
  return state === "online" || state === "away" ? <span className="unseen">{words[state]}</span> : null;
}
