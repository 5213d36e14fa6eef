import { type Body, CUSTOM_BYTES_MAX, FALLBACK_BYTES_MAX, TYPE_BYTES_MAX } from "@parley/protocol";
import { requireBytes, requireShort } from "./sizes.js";

/** What an application knows, with what others show. Errors: "bad-request", "message-too-large". */
export function checkCustom({ type, payload, fallbackText }: NonNullable<Body["custom"]>): void {
  requireShort("type of a custom message", type, TYPE_BYTES_MAX, 1);
  requireBytes("payload", payload, CUSTOM_BYTES_MAX);
  requireShort("text of a custom message", fallbackText, FALLBACK_BYTES_MAX, 1);
}
