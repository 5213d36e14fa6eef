/** What every error code means. */
import type { Retry } from "@parley/base";
import { ERROR_RETRIES, type ErrorCodeName } from "./error-codes.js";

export interface ErrorCode {
  readonly retry: Retry;
  readonly meaning: string;
}

const MEANINGS: Readonly<Record<ErrorCodeName, string>> = {
  "bad-request": "A field is missing, malformed or out of range.",
  malformed: "The bytes are not a valid packet; the connection is closed.",
  "unknown-frame": "The server does not know this frame kind.",
  "version-not-served": "The protocol version is too old or too new.",
  "invalid-credentials": "The user or the password is wrong.",
  "session-invalid": "The token is unknown, expired or revoked: sign in again.",
  "account-disabled": "The account may not sign in.",
  "not-a-member": "You are not in this conversation, or it does not exist.",
  "not-allowed": "Your role does not allow this.",
  muted: "You may not write here before `untilMs`.",
  "group-full": "The group has as many members, admins or requests as it may.",
  "content-refused": "The review of contents does not let this pass.",
  "message-unknown": "There is no such message here, or it is one that you cannot see.",
  "message-recalled": "The message was recalled: it cannot be changed any more.",
  "too-late": "The time in which this may be done with the message is over.",
  "too-many-edits": "The message was edited EDITS_MAX times: send another one.",
  "too-many-reactions": "The message has REACTION_KEYS_MAX reactions, or REACTIONS_PER_USER_MAX of yours.",
  "too-many-pins": "The conversation has PINS_MAX pins, or the list LIST_PINS_MAX: take one away first.",
  "card-outdated": "The card has this revision or a higher one: take `expected` or more.",
  "conversation-unknown": "There is no such conversation.",
  "module-key-invalid": "The key of the module is unknown or was removed; only over HTTP.",
  "user-not-found": "There is no such user.",
  "not-found": "There is nothing at this address; only over HTTP.",
  "message-too-large": "The message passes the size limit.",
  "media-unknown": "There is no such upload of yours, or it is not complete: upload it again.",
  "media-too-large": "The file passes the server's size limit.",
  "media-refused": "The file is not of the kind that it claims to be.",
  "upload-offset": "The upload goes on from another offset: the header Upload-Offset tells it.",
  "too-early": "An earlier send of this device has not arrived: send from `expected` on.",
  "send-order": "The number was used for another message: number again from `expected`.",
  "too-many-requests": "Too many requests without an answer, or too many tries: wait.",
  "storage-full": "The server's disk is nearly full: reading works, writing does not.",
  unavailable: "The server cannot do this now; try again soon.",
  "outcome-unknown": "It may or may not have happened: repeat it as it was.",
  internal: "The server failed; it has logged why.",
};

/** Every code that can reach a client, with its retry policy and its meaning. */
export const ERROR_CODES = withMeanings();

function withMeanings(): Readonly<Record<ErrorCodeName, ErrorCode>> {
  const codes = Object.entries(ERROR_RETRIES) as [ErrorCodeName, Retry][];
  const entries = codes.map(([code, retry]) => [code, { retry, meaning: MEANINGS[code] }]);
  return Object.fromEntries(entries) as Record<ErrorCodeName, ErrorCode>;
}
