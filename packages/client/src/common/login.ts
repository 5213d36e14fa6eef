/** Signing in: what goes to `POST /v1/login` and what comes back. The world brings the HTTP client. */
import { parseDeviceId, parseUserId, type DeviceId, type UserId } from "@parley/protocol";
import { Failure } from "@parley/base";
import { parseObject, problemOf } from "./problem.js";

/** What signing in takes. */
export interface LoginRequest {
  readonly tenant?: string;
  readonly user: string;
  readonly password: string;
  /** What the user calls this device. */
  readonly device: string;
  /** Of an earlier login here; without it the server gives a new one. */
  readonly deviceId?: string;
}

/** Who has signed in, and the token that opens connections. */
export interface Login {
  readonly token: string;
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly expiresAtMs: number;
}

/** Posts JSON and gives the answer's status and text; rejects when there was none. */
export type PostJson = (
  url: string,
  body: string,
) => Promise<{ readonly status: number; readonly text: string }>;

/** Signs in. Errors: those of the server, such as "invalid-credentials"; "unavailable" when it cannot be reached. */
export async function loginWith(post: PostJson, baseUrl: string, request: LoginRequest): Promise<Login> {
  let answer: Awaited<ReturnType<PostJson>>;
  try {
    answer = await post(loginUrl(baseUrl), JSON.stringify(request));
  } catch (error) {
    throw new Failure("unavailable", "The server cannot be reached.", { retry: "same", cause: error });
  }
  return parseLogin(answer.status, answer.text);
}

/** The address of the login. */
export function loginUrl(baseUrl: string): string {
  return `${withoutSlash(baseUrl)}/v1/login`;
}

/** The WebSocket address for `http`, `https`, `ws` or `wss` base addresses. */
export function webSocketUrl(baseUrl: string): string {
  return `${withoutSlash(baseUrl).replace(/^http/, "ws")}/v1/ws`;
}

/**
 * Reads the answer of the server. Errors: the server's code, such as "invalid-credentials"; "malformed" when the answer
 * is neither a login nor a problem.
 */
export function parseLogin(status: number, text: string): Login {
  const fields = parseObject(text);
  if (status < 200 || status > 299) throw problemOf(status, text, "The login");
  const { token, userId, deviceId, expiresAtMs } = fields;
  const isWhole =
    typeof token === "string" &&
    typeof userId === "string" &&
    typeof deviceId === "string" &&
    typeof expiresAtMs === "number";
  if (!isWhole) throw new Failure("malformed", "The answer to the login is not one.");
  return { token, userId: parseUserId(userId), deviceId: parseDeviceId(deviceId), expiresAtMs };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
