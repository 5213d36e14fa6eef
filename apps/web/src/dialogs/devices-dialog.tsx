import { type JSX, useCallback, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { problemText } from "../language/problem-text.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { type AccountSession, listSessions, revokeSession } from "../session/account-api.js";
import { useChat } from "../session/chat-context.js";
import styles from "./list-dialog.module.css";
import { useLoaded } from "./use-loaded.js";

/** Where one is signed in, with a way to sign out elsewhere. */
export function DevicesDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const strings = useStrings();
  const { token } = useChat().session;
  const load = useCallback(() => listSessions(token), [token]);
  const sessions = useLoaded(load);
  const [problem, setProblem] = useState<unknown>();
  const revoke = async (session: AccountSession): Promise<void> => {
    setProblem(undefined);
    try {
      await revokeSession(token, session.sessionId);
    } catch (error) {
      setProblem(error);
    }
    sessions.reload();
  };
  const shown = problem ?? sessions.problem;
  return (
    <Dialog title={strings.devices} onClose={onClose}>
      <p className={styles.hint}>{strings.devicesLead}</p>
      <Problem text={shown === undefined ? "" : problemText(strings, shown)} />
      {sessions.value === undefined && sessions.problem === undefined ? (
        <p className={styles.hint} role="status">
          {strings.loading}
        </p>
      ) : null}
      {sessions.value === undefined && sessions.problem !== undefined ? (
        <Button onClick={sessions.reload}>{strings.retry}</Button>
      ) : null}
      <ul className={styles.items} aria-label={strings.devices}>
        {(sessions.value ?? []).toSorted(currentAndNewestFirst).map((session) => (
          <DeviceItem key={session.sessionId} session={session} onRevoke={revoke} />
        ))}
      </ul>
    </Dialog>
  );
}

function DeviceItem(props: {
  readonly session: AccountSession;
  readonly onRevoke: (session: AccountSession) => Promise<void>;
}): JSX.Element {
  const { session, onRevoke } = props;
  const strings = useStrings();
  const times = useTimes();
  const [isBusy, setIsBusy] = useState(false);
  const revoke = (): void => {
    setIsBusy(true);
    void onRevoke(session).finally(() => setIsBusy(false));
  };
  return (
    <li className={styles.item} data-current={session.isCurrent}>
      <span className={styles.name}>
        <span>
          {session.deviceName}{" "}
          {session.isCurrent ? <span className={styles.mark}>{strings.thisDevice}</span> : null}
        </span>
        <span className={styles.detail}>{strings.signedInOn(times.full(session.createdMs))}</span>
      </span>
      {session.isCurrent ? null : (
        <Button
          kind="danger"
          disabled={isBusy}
          aria-label={strings.revokeNamed(session.deviceName)}
          onClick={revoke}
        >
          {strings.revoke}
        </Button>
      )}
    </li>
  );
}

function currentAndNewestFirst(one: AccountSession, other: AccountSession): number {
  if (one.isCurrent !== other.isCurrent) return one.isCurrent ? -1 : 1;
  return other.createdMs - one.createdMs;
}
