/** Every code that can reach a client, with its retry policy. `docs/protocol/errors.md` lists the same, checked by a test. */
import type { Retry } from "@parley/base";

export interface ErrorCode {
  readonly retry: Retry;
  readonly meaning: string;
}

export const ERROR_CODES = {
  "bad-request": { retry: "after-change", meaning: "A field is missing, malformed or out of range." },
  malformed: { retry: "never", meaning: "The bytes are not a valid packet; the connection is closed." },
  "unknown-frame": { retry: "after-change", meaning: "The server does not know this frame kind." },
  "version-not-served": { retry: "after-change", meaning: "The protocol version is too old or too new." },
  "invalid-credentials": { retry: "after-change", meaning: "The user or the password is wrong." },
  "session-invalid": {
    retry: "after-change",
    meaning: "The token is unknown, expired or revoked: sign in again.",
  },
  "account-disabled": { retry: "never", meaning: "The account may not sign in." },
  "not-a-member": {
    retry: "after-change",
    meaning: "You are not in this conversation, or it does not exist.",
  },
  "not-allowed": { retry: "never", meaning: "Your role does not allow this." },
  "message-unknown": {
    retry: "never",
    meaning: "There is no such message here, or it is one that you cannot see.",
  },
  "message-recalled": { retry: "never", meaning: "The message was recalled: it cannot be changed any more." },
  "too-late": { retry: "never", meaning: "The time in which this may be done with the message is over." },
  "too-many-edits": { retry: "never", meaning: "The message was edited EDITS_MAX times: send another one." },
  "user-not-found": { retry: "after-change", meaning: "There is no such user." },
  "not-found": { retry: "never", meaning: "There is nothing at this address; only over HTTP." },
  "message-too-large": { retry: "after-change", meaning: "The message passes the size limit." },
  "too-early": {
    retry: "same",
    meaning: "An earlier send of this device has not arrived: send from `expected` on.",
  },
  "send-order": {
    retry: "after-change",
    meaning: "The number was used for another message: number again from `expected`.",
  },
  "too-many-requests": {
    retry: "same",
    meaning: "Too many requests without an answer, or too many tries: wait.",
  },
  "storage-full": {
    retry: "same",
    meaning: "The server's disk is nearly full: reading works, writing does not.",
  },
  unavailable: { retry: "same", meaning: "The server cannot do this now; try again soon." },
  "outcome-unknown": { retry: "same", meaning: "It may or may not have happened: repeat it as it was." },
  internal: { retry: "same", meaning: "The server failed; it has logged why." },
} as const satisfies Readonly<Record<string, ErrorCode>>;

export type ErrorCodeName = keyof typeof ERROR_CODES;
