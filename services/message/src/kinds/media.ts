import { type Body, TEXT_BYTES_MAX, parseMediaId } from "@parley/protocol";
import { badRequest } from "../refusal.js";
import { requireBytes } from "./sizes.js";

/** Longer than any recording. */
const DURATION_MS_MAX = 100 * 24 * 60 * 60 * 1000;

/** A file that was uploaded: what else is said of it is put in by the server. Errors: "bad-request", "message-too-large". */
export function checkMedia({ mediaId, caption, durationMs }: NonNullable<Body["media"]>): void {
  parseMediaId(mediaId);
  requireBytes("caption", caption, TEXT_BYTES_MAX);
  if (durationMs > DURATION_MS_MAX) throw badRequest("Nothing takes so long.");
}
