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
  muted: { retry: "never", meaning: "You may not write here before `untilMs`." },
  "group-full": { retry: "never", meaning: "The group has as many members, admins or requests as it may." },
  "content-refused": { retry: "after-change", meaning: "The review of contents does not let this pass." },
  "message-unknown": {
    retry: "never",
    meaning: "There is no such message here, or it is one that you cannot see.",
  },
  "message-recalled": { retry: "never", meaning: "The message was recalled: it cannot be changed any more." },
  "too-late": { retry: "never", meaning: "The time in which this may be done with the message is over." },
  "too-many-edits": { retry: "never", meaning: "The message was edited EDITS_MAX times: send another one." },
  "too-many-reactions": {
    retry: "never",
    meaning: "The message has REACTION_KEYS_MAX reactions, or REACTIONS_PER_USER_MAX of yours.",
  },
  "too-many-pins": {
    retry: "after-change",
    meaning: "The conversation has PINS_MAX pins: take one away first.",
  },
  "card-outdated": {
    retry: "after-change",
    meaning: "The card has this revision or a higher one: take `expected` or more.",
  },
  "conversation-unknown": { retry: "after-change", meaning: "There is no such conversation." },
  "module-key-invalid": {
    retry: "after-change",
    meaning: "The key of the module is unknown or was removed; only over HTTP.",
  },
  "user-not-found": { retry: "after-change", meaning: "There is no such user." },
  "not-found": { retry: "never", meaning: "There is nothing at this address; only over HTTP." },
  "message-too-large": { retry: "after-change", meaning: "The message passes the size limit." },
  "media-unknown": {
    retry: "after-change",
    meaning: "There is no such upload of yours, or it is not complete: upload it again.",
  },
  "media-too-large": { retry: "after-change", meaning: "The file passes the server's size limit." },
  "media-refused": { retry: "after-change", meaning: "The file is not of the kind that it claims to be." },
  "upload-offset": {
    retry: "after-change",
    meaning: "The upload goes on from another offset: the header Upload-Offset tells it.",
  },
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
