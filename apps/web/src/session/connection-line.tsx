import { DISCONNECT } from "@parley/protocol";
import type { JSX } from "react";
import { Button } from "../controls/button.js";
import type { Strings } from "../language/english.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useUpdates } from "../updates/updates-context.js";
import { useChat, useConnection } from "./chat-context.js";
import styles from "./connection-line.module.css";
import { useNowMs } from "./use-signal.js";

const TICK_MS = 500;

/**
 * One line that tells when something is wrong with the connection. It is always there for screen readers and fades in
 * late, so that a short loss is not seen at all.
 */
export function ConnectionLine(): JSX.Element {
  const { state } = useConnection();
  const isWrong = state !== "live" && state !== "idle" && state !== "signed-out";
  return <div role="status">{isWrong ? <ConnectionProblem /> : null}</div>;
}

function ConnectionProblem(): JSX.Element {
  const strings = useStrings();
  const { client } = useChat();
  const updates = useUpdates();
  const { state, code, retryAtMs } = useConnection();
  if (state === "stopped") {
    const isReplaced = code === String(DISCONNECT.replaced.code);
    return (
      <p className={styles.line}>
        <span>{isReplaced ? strings.replaced : strings.sentAway}</span>
        {/* Also to take the device back: the other window has written to its store, which is read anew. */}
        <Button kind="link" onClick={() => void updates.reload()}>
          {isReplaced ? strings.useHere : strings.reload}
        </Button>
      </p>
    );
  }
  if (state === "waiting") {
    return (
      <p className={styles.line} data-late={true}>
        <span>{waitingText(strings, code)}</span>
        <Countdown untilMs={retryAtMs ?? 0} />
        <Button kind="link" onClick={() => client.connectNow()}>
          {strings.tryNow}
        </Button>
      </p>
    );
  }
  return (
    <p className={styles.line} data-late={true}>
      {strings.connecting}
    </p>
  );
}

function Countdown({ untilMs }: { readonly untilMs: number }): JSX.Element | null {
  const strings = useStrings();
  const seconds = Math.ceil((untilMs - useNowMs(TICK_MS)) / 1000);
  return seconds < 1 ? null : <span aria-hidden="true">{strings.retryIn(seconds)}</span>;
}

/** A server that is full or stopping is there, which is another thing than no network. */
function waitingText(strings: Strings, code: string | undefined): string {
  if (code === String(DISCONNECT.busy.code)) return strings.serverBusy;
  if (code === String(DISCONNECT.draining.code)) return strings.serverRestarts;
  return strings.offline;
}
