/**
 * The states of a session and what each event makes of them. The table is total: a missing cell does not compile.
 * `SPEC.md` draws it and lists the invariants.
 */
import type { ConnectionState } from "./api.js";

export type SessionState =
  | "idle"
  | "connecting"
  | "greeting"
  | "catching-up"
  | "live"
  | "waiting"
  | "signed-out"
  | "stopped";

export type SessionEvent =
  /** The application wants a connection. */
  | "start"
  /** The transport is open; Hello goes out. */
  | "opened"
  | "welcomed"
  /** Everything that the server had for us has been applied. */
  | "caught-up"
  /** The server sent a Rebase: the list has to be fetched. */
  | "fell-behind"
  /** The connection ended, or we ended it; coming back may help. */
  | "lost"
  /** The server said not to come back. */
  | "sent-away"
  /** The token is not good any more. */
  | "signed-out"
  /** The backoff is over. */
  | "retry"
  /** The application wants no connection. */
  | "stop";

type Row = Readonly<Record<SessionEvent, SessionState>>;

/** Every event leaves `state` as it is but those named. */
function row(state: SessionState, moves: Partial<Row>): Row {
  const stay: Row = {
    start: state,
    opened: state,
    welcomed: state,
    "caught-up": state,
    "fell-behind": state,
    lost: state,
    "sent-away": state,
    "signed-out": state,
    retry: state,
    stop: "idle",
  };
  return { ...stay, ...moves };
}

const ENDS = { lost: "waiting", "sent-away": "stopped", "signed-out": "signed-out" } as const;

const TABLE: Readonly<Record<SessionState, Row>> = {
  idle: row("idle", { start: "connecting" }),
  connecting: row("connecting", { ...ENDS, opened: "greeting" }),
  greeting: row("greeting", { ...ENDS, welcomed: "catching-up" }),
  "catching-up": row("catching-up", { ...ENDS, "caught-up": "live" }),
  live: row("live", { ...ENDS, "fell-behind": "catching-up" }),
  waiting: row("waiting", { retry: "connecting" }),
  "signed-out": row("signed-out", { start: "connecting" }),
  stopped: row("stopped", { start: "connecting" }),
};

/** The state after an event. */
export function nextState(state: SessionState, event: SessionEvent): SessionState {
  return TABLE[state][event];
}

/** What the application sees of a state. */
export function publicState(state: SessionState): ConnectionState {
  return state === "greeting" ? "connecting" : state;
}

/** Whether requests may be sent. */
export function isUp(state: SessionState): boolean {
  return state === "catching-up" || state === "live";
}
