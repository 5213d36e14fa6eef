/** The HTTP side of an account: the demo, the sessions, signing out. */
import { Failure } from "@parley/base";

const TIMEOUT_MS = 15_000;

export interface DemoPerson {
  readonly userId: string;
  readonly name: string;
}

export interface Demo {
  readonly users: readonly DemoPerson[];
  readonly password: string;
}

export interface AccountSession {
  readonly sessionId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly createdMs: number;
  readonly isCurrent: boolean;
}

/** The demo people, or undefined when this is no demo installation. */
export async function findDemo(): Promise<Demo | undefined> {
  try {
    return (await request("GET", "/v1/demo")) as Demo;
  } catch {
    // A real installation, or no server: the form says the latter when it is used.
    return undefined;
  }
}

/** All sessions of the user. Errors: "session-invalid", "unavailable". */
export async function listSessions(token: string): Promise<readonly AccountSession[]> {
  const { sessions } = (await request("GET", "/v1/sessions", token)) as {
    readonly sessions: readonly AccountSession[];
  };
  return sessions;
}

/** Ends one session, wherever it is. Errors: as `listSessions`. */
export async function revokeSession(token: string, sessionId: string): Promise<void> {
  await request("DELETE", `/v1/sessions/${encodeURIComponent(sessionId)}`, token);
}

/** Ends this session. Errors: as `listSessions`. */
export async function logout(token: string): Promise<void> {
  await request("POST", "/v1/logout", token);
}

async function request(method: string, path: string, token?: string): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
    text = await response.text();
  } catch (cause) {
    throw new Failure("unavailable", "The server cannot be reached.", { retry: "same", cause });
  }
  const value = parse(text);
  if (response.ok) return value;
  const { code } = (value ?? {}) as { readonly code?: unknown };
  throw new Failure(typeof code === "string" ? code : "unavailable", `The answer was ${response.status}.`);
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    // A proxy answers in HTML; the status says enough.
    return undefined;
  }
}
