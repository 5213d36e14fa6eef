/** What the conversation machine refuses, in words. */
import { Failure } from "@parley/base";
import type { RefusalCode, Verdict } from "@parley/domain";
import { ERROR_CODES } from "@parley/protocol";

const MESSAGES: Readonly<Record<RefusalCode, string>> = {
  "not-a-member": "You are not in this conversation.",
  "not-allowed": "Your role does not allow this.",
  "too-early": "An earlier send of this device has not arrived.",
  "send-order": "The number was used for another message.",
  "message-unknown": "There is no such message, or you cannot see it.",
  "message-recalled": "The message was recalled: send another one.",
  "too-late": "Messages can be changed for some time only: send another one.",
  "too-many-edits": "The message was edited too often: send another one.",
  "too-many-reactions": "The message has as many reactions as it may have.",
  "too-many-pins": "The conversation has as many pins as it may have.",
  "card-outdated": "The card has this revision or a higher one.",
  muted: "You may not write here now.",
  "group-full": "The group has as many as it may.",
  "bad-request": "The request does not fit the conversation.",
};

/** A machine's refusal as the failure that a client gets. */
export function refusal(verdict: Verdict): Failure {
  const code = verdict.kind === "refused" ? verdict.code : "bad-request";
  const { expected, untilMs } = verdict.kind === "refused" ? verdict : {};
  const details = {
    ...(expected === undefined ? {} : { expected }),
    ...(untilMs === undefined ? {} : { untilMs }),
  };
  return new Failure(code, MESSAGES[code], { retry: ERROR_CODES[code].retry, details });
}

/** Errors: the machine's refusal. */
export function requireDone(verdict: Verdict): void {
  if (verdict.kind === "refused") throw refusal(verdict);
}

export function badRequest(message: string): Failure {
  return new Failure("bad-request", message, { retry: "after-change" });
}
