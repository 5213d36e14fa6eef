import { NEVER_MS } from "@parley/protocol";
import type { JSX } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import type { Silence } from "./may-post.js";

/** Stands where one would write. */
export function SilenceLine(props: {
  readonly silence: Silence;
  readonly className: string | undefined;
}): JSX.Element {
  const { silence, className } = props;
  const { groups: words, locale } = useStrings();
  const text = (): string => {
    if (silence.kind === "role") return words.mayNotWrite;
    if (silence.untilMs >= NEVER_MS / 2) return words.mutedForGood;
    const time = new Date(silence.untilMs).toLocaleString(locale, { dateStyle: "short", timeStyle: "short" });
    return words.mutedUntil(time);
  };
  return (
    <p className={className} role="status">
      {text()}
    </p>
  );
}
