/** Forwards: the server makes the body of what the sender sees, so that nobody puts words into another's mouth. */
import type { Session } from "@parley/contracts";
import { type Failure, failureCode } from "@parley/base";
import { type Body, type Forward, forwardedBody } from "@parley/protocol";
import { refused } from "@parley/domain";
import type { HistoryReader } from "./history.js";
import { refusal } from "./refusal.js";

/** The body, or why there is none now: a repeat of what was sent before is answered all the same. */
export type ForwardedBody =
  | { readonly body: Body; readonly failure: undefined }
  | { readonly body: undefined; readonly failure: Failure };

/** Reads what is to be sent on. Errors: those of reads, which say nothing of the messages. */
export async function readForward(
  history: HistoryReader,
  session: Session,
  forward: Forward,
): Promise<ForwardedBody> {
  const { conversationId, sequences, isMerged, title } = forward;
  try {
    const messages = await history.messagesAt(session, conversationId, sequences);
    const isWhole = messages.length === sequences.length;
    const body = isWhole ? forwardedBody(messages, { isMerged, title }) : undefined;
    if (body !== undefined) return { body, failure: undefined };
  } catch (error) {
    const code = failureCode(error);
    if (code === "message-too-large") return { body: undefined, failure: error as Failure };
    // Who is not there sees nothing there.
    if (code !== "not-a-member") throw error;
  }
  return { body: undefined, failure: refusal(refused("message-unknown")) };
}
