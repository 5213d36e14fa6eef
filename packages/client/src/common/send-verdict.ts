/** What a refused send means for its message and for those behind it. */
import type { Failure } from "@parley/base";

/**
 * "unknown": it may have been accepted, so its number stays as it is. "renumber": it was not, and the server named the
 * number it expects. "wait": the same again later. "fail": the message needs the user.
 */
export type SendVerdict = "unknown" | "renumber" | "wait" | "fail";

export function sendVerdict(failure: Failure): SendVerdict {
  // A server that failed does not know how far it came.
  if (failure.code === "outcome-unknown" || failure.code === "internal") return "unknown";
  if (failure.code === "too-early" || failure.code === "send-order") {
    return failure.details["expected"] === undefined ? "wait" : "renumber";
  }
  return failure.retry === "same" ? "wait" : "fail";
}
