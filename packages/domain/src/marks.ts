/**
 * Marks in the head of a conversation: messages of which something waits for the next spread record to be told, of their reactions or of
 * their cards.
 */
import type { ConversationStep } from "./conversation-machine.js";
import type { HeadRow } from "./conversation-rows.js";

/** What is marked. */
type Marked = "reacting" | "carding";

/** Messages that may be marked of each; what would be beyond it is told at once. */
export const UNSPREAD_MAX = 64;

/** Whether something of the conversation waits for a spread record to be told. */
export function hasMarks(head: HeadRow): boolean {
  return (
    head.reading?.isMarked === true ||
    marksOf(head, "reacting").length > 0 ||
    marksOf(head, "carding").length > 0
  );
}

/** The messages that are marked. */
export function marksOf(head: HeadRow, what: Marked): readonly number[] {
  return head[what]?.unspread ?? [];
}

/** Notes that the message has to be told later; false when too many are noted already. */
export function mark(step: ConversationStep, what: Marked, sequence: number): boolean {
  const unspread = marksOf(step.head, what);
  if (unspread.includes(sequence)) return true;
  if (unspread.length >= UNSPREAD_MAX) return false;
  step.draft[what] = { unspread: [...unspread, sequence] };
  return true;
}

export function unmark(step: ConversationStep, what: Marked, sequence: number): void {
  keepMarks(step, what, (one) => one !== sequence);
}

/** What is below is no longer kept. */
export function trimMarks(step: ConversationStep, firstKept: number): void {
  for (const what of ["reacting", "carding"] as const) keepMarks(step, what, (one) => one >= firstKept);
}

/** All are told. */
export function clearMarks(step: ConversationStep, what: Marked): void {
  keepMarks(step, what, () => false);
}

function keepMarks(step: ConversationStep, what: Marked, isKept: (sequence: number) => boolean): void {
  const before = marksOf(step.head, what);
  const unspread = before.filter(isKept);
  if (unspread.length < before.length) step.draft[what] = { unspread };
}
