import type { UserId } from "@parley/protocol";
import type { JSX } from "react";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useNowMs } from "../session/use-signal.js";
import styles from "./presence-line.module.css";
import { presenceText } from "./presence-text.js";
import { usePresence } from "./use-presence.js";

const RENEW_MS = 30_000;

/** Whether somebody is there, in words. Its room is there before it is known, so that nothing moves. */
export function PresenceLine({ userId }: { readonly userId: UserId }): JSX.Element {
  const { presence } = useStrings();
  const nowMs = useNowMs(RENEW_MS);
  return <p className={styles.line}>{presenceText(usePresence(userId), presence, useTimes(), nowMs)}</p>;
}
