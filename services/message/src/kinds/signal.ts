import { type Body, SIGNAL_BYTES_MAX, TYPE_BYTES_MAX } from "@parley/protocol";
import { badRequest } from "../refusal.js";
import { requireBytes, requireShort } from "./sizes.js";

/** What other modules tell devices. It names nobody and answers nothing. Errors: "bad-request", "message-too-large". */
export function checkSignal({ type, payload }: NonNullable<Body["signal"]>, body: Body): void {
  requireShort("type of a signal", type, TYPE_BYTES_MAX, 1);
  requireBytes("signal", payload, SIGNAL_BYTES_MAX);
  if (body.mentions !== undefined || body.reply !== undefined)
    throw badRequest("A signal mentions nobody and answers nothing.");
}
