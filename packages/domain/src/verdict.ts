/** What a machine decided about a record: the answer that its author gets. */
import type { MessageId } from "@parley/protocol";

export type Verdict =
  | {
      readonly kind: "done";
      /** It was done before: nothing changed. */
      readonly isRepeat?: boolean;
    }
  | {
      readonly kind: "sent";
      readonly messageId: MessageId;
      readonly sequence: number;
      readonly timeMs: number;
      /** The send was known already: nothing changed. */
      readonly isRepeat: boolean;
    }
  | {
      readonly kind: "refused";
      readonly code: RefusalCode;
      readonly expected?: number;
      /** Of "muted". */
      readonly untilMs?: number;
    };

/** A subset of the protocol's error codes. */
export type RefusalCode =
  | "not-a-member"
  | "not-allowed"
  | "too-early"
  | "send-order"
  | "bad-request"
  | "message-unknown"
  | "message-recalled"
  | "too-late"
  | "too-many-edits"
  | "too-many-reactions"
  | "too-many-pins"
  | "card-outdated"
  | "muted"
  | "group-full";

export const DONE: Verdict = { kind: "done" };
export const REPEATED: Verdict = { kind: "done", isRepeat: true };

export function refused(code: RefusalCode, expected?: number): Verdict {
  return expected === undefined ? { kind: "refused", code } : { kind: "refused", code, expected };
}
