/** What a refused send means for its message and for those behind it. */
import type { Failure } from "@parley/base";

/**
 * "again": the same later, with its number, for this try or an earlier one may have been accepted. "renumber": it was
 * not, and the server named the number it expects. "fail": the message needs the user.
 */
export type SendVerdict = "again" | "renumber" | "fail";

export function sendVerdict(failure: Failure): SendVerdict {
  // A server that failed does not know how far it came.
  if (failure.code === "outcome-unknown" || failure.code === "internal") return "again";
  if (failure.code === "too-early" || failure.code === "send-order") {
    return failure.details["expected"] === undefined ? "again" : "renumber";
  }
  return failure.retry === "same" ? "again" : "fail";
}
