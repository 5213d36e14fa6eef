/** What the conversation machine refuses, in words. */
import { Failure } from "@parley/base";
import type { RefusalCode, Verdict } from "@parley/domain";

const REFUSALS: Readonly<
  Record<RefusalCode, { readonly message: string; readonly retry: "never" | "same" | "after-change" }>
> = {
  "not-a-member": { message: "You are not in this conversation.", retry: "after-change" },
  "not-allowed": { message: "Your role does not allow this.", retry: "never" },
  "too-early": { message: "An earlier send of this device has not arrived.", retry: "same" },
  "send-order": { message: "The number was used for another message.", retry: "after-change" },
  "message-unknown": { message: "There is no such message, or you cannot see it.", retry: "never" },
  "message-recalled": { message: "The message was recalled: send another one.", retry: "never" },
  "too-late": { message: "Messages can be changed for some time only: send another one.", retry: "never" },
  "too-many-edits": { message: "The message was edited too often: send another one.", retry: "never" },
  "bad-request": { message: "The request does not fit the conversation.", retry: "after-change" },
};

/** A machine's refusal as the failure that a client gets. */
export function refusal(verdict: Verdict): Failure {
  const code = verdict.kind === "refused" ? verdict.code : "bad-request";
  const { message, retry } = REFUSALS[code];
  const details =
    verdict.kind === "refused" && verdict.expected !== undefined ? { expected: verdict.expected } : {};
  return new Failure(code, message, { retry, details });
}

export function badRequest(message: string): Failure {
  return new Failure("bad-request", message, { retry: "after-change" });
}
