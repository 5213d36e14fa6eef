/** What the server says over HTTP when it refuses: a problem of RFC 9457 with one of the protocol's codes. */
import { Failure } from "@parley/base";
import { ERROR_RETRIES, type ErrorCodeName } from "@parley/protocol";

type Fields = Readonly<Record<string, unknown>>;

/** The failure that an answer stands for. `what` begins the message when the answer is no problem: "The login". */
export function problemOf(status: number, text: string, what: string): Failure {
  const fields = parseObject(text);
  const fallback = status === 429 || status >= 500 ? "unavailable" : "bad-request";
  const code = typeof fields["code"] === "string" ? fields["code"] : fallback;
  const message = [fields["detail"], fields["title"]].find((said) => typeof said === "string" && said !== "");
  const retry = Object.hasOwn(ERROR_RETRIES, code) ? ERROR_RETRIES[code as ErrorCodeName] : "never";
  return new Failure(code, typeof message === "string" ? message : `${what} was answered by ${status}.`, {
    retry,
  });
}

/** The object that a text is in JSON; an empty one when it is none. */
export function parseObject(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // A proxy answers in HTML; the status says enough.
    return {};
  }
}
