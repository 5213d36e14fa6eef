/**
 * Every code that can reach a client, with its retry policy. What each means stands in `error-meanings.ts`: it is for people, and a client in
 * a browser does without. `docs/protocol/errors.md` lists both, checked by a test.
 */
import type { Retry } from "@parley/base";

export const ERROR_RETRIES = {
  "bad-request": "after-change",
  malformed: "never",
  "unknown-frame": "after-change",
  "version-not-served": "after-change",
  "invalid-credentials": "after-change",
  "session-invalid": "after-change",
  "account-disabled": "never",
  "not-a-member": "after-change",
  "not-allowed": "never",
  muted: "never",
  "group-full": "never",
  "content-refused": "after-change",
  "message-unknown": "never",
  "message-recalled": "never",
  "too-late": "never",
  "too-many-edits": "never",
  "too-many-reactions": "never",
  "too-many-pins": "after-change",
  "card-outdated": "after-change",
  "conversation-unknown": "after-change",
  "module-key-invalid": "after-change",
  "user-not-found": "after-change",
  "not-found": "never",
  "message-too-large": "after-change",
  "media-unknown": "after-change",
  "media-too-large": "after-change",
  "media-refused": "after-change",
  "upload-offset": "after-change",
  "too-early": "same",
  "send-order": "after-change",
  "too-many-requests": "same",
  "storage-full": "same",
  unavailable: "same",
  "outcome-unknown": "same",
  internal: "same",
} as const satisfies Readonly<Record<string, Retry>>;

export type ErrorCodeName = keyof typeof ERROR_RETRIES;
