/** Which messages are searched. */
import type { ConversationId, Message, SearchKind, UserId } from "@parley/protocol";

export interface SearchFilter {
  /** Undefined: in all conversations. */
  readonly within: ConversationId | undefined;
  /** Undefined: of everybody. */
  readonly senderId: UserId | undefined;
  /** Undefined: of any kind. */
  readonly kind: SearchKind | undefined;
  /** The days from which and to which, as `<input type="date">` has them; empty: any. */
  readonly fromDay: string;
  readonly untilDay: string;
}

export const NO_FILTER: SearchFilter = {
  within: undefined,
  senderId: undefined,
  kind: undefined,
  fromDay: "",
  untilDay: "",
};

/** What a search is asked with. */
export interface SearchSpan {
  readonly conversationId?: ConversationId;
  readonly senderId?: UserId;
  readonly kind?: SearchKind;
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** The days are those of the clock of this device; the last one is searched to its end. */
export function spanOf({ within, senderId, kind, fromDay, untilDay }: SearchFilter): SearchSpan {
  return {
    ...(within === undefined ? {} : { conversationId: within }),
    ...(senderId === undefined ? {} : { senderId }),
    ...(kind === undefined ? {} : { kind }),
    ...(fromDay === "" ? {} : { fromMs: startOf(fromDay, 0) }),
    ...(untilDay === "" ? {} : { untilMs: startOf(untilDay, 1) }),
  };
}

/** Whether a message that was found on this device is of these days. */
export function isOfDays({ timeMs }: Pick<Message, "timeMs">, span: SearchSpan): boolean {
  return timeMs >= (span.fromMs ?? 0) && timeMs < (span.untilMs ?? Infinity);
}

function startOf(day: string, daysLater: number): number {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return Math.max(0, new Date(year, month - 1, date + daysLater).getTime());
}
