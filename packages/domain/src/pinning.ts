/**
 * Pinned messages. The head names them, so that their number is bounded without reading; a row says who pinned each.
 *
 *   P1  The revision of the pins grows by 1 with every change.
 *   P2  What is recalled or no longer kept is not pinned.
 */
import { type UserId, PINS_MAX, PinnedEvent, filled, isSignal } from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import type { HeadRow, MemberRow } from "./conversation-rows.js";
import { findTarget } from "./message-target.js";
import { may } from "./permissions.js";
import { DONE, type Verdict, refused } from "./verdict.js";

type PinRecord = NonNullable<ConversationRecord["pin"]>;

/** Pinned twice, or unpinned without being pinned, is done. */
export function applyPin(step: ConversationStep, pin: PinRecord, timeMs: number): Verdict {
  const { actorId, sequence, isRemoval } = pin;
  const found = findTarget(step, actorId, sequence);
  if ("kind" in found) return found;
  if (!mayPin(step.head, found.member)) return refused("not-allowed");
  if (isRemoval) {
    unpin(step, sequence, { actorId, timeMs });
    return DONE;
  }
  const { message } = found;
  // Nobody sees a signal.
  if (isSignal(message.body)) return refused("not-allowed");
  if (message.recall !== undefined) return refused("message-recalled");
  const sequences = pinnedIn(step.head);
  if (sequences.includes(sequence)) return DONE;
  if (sequences.length >= PINS_MAX) return refused("too-many-pins");
  const revision = (step.head.pinning?.revision ?? 0) + 1;
  step.draft.pinning = {
    revision,
    sequences: [...sequences, sequence].toSorted((one, other) => one - other),
  };
  step.changes.pins.push({ sequence, row: { actorId, timeMs } });
  const { conversationId } = step.state.key;
  const pinned = { conversationId, sequence, isPinned: true, actorId, timeMs, revision };
  step.tell({ pinned }, message);
  return DONE;
}

/** Whether this member may pin here. */
export function mayPin(head: HeadRow, member: MemberRow): boolean {
  return may("pin", head, member, 0);
}

/** Takes a pin away and tells who sees the message. Nothing happens to what is not pinned. */
export function unpin(
  step: ConversationStep,
  sequence: number,
  { actorId, timeMs }: { readonly actorId: UserId; readonly timeMs: number },
): void {
  const sequences = pinnedIn(step.head);
  if (!sequences.includes(sequence)) return;
  const revision = (step.head.pinning?.revision ?? 0) + 1;
  step.draft.pinning = { revision, sequences: sequences.filter((one) => one !== sequence) };
  step.changes.pins.push({ sequence, row: undefined });
  const { conversationId } = step.state.key;
  const pinned = filled(PinnedEvent, { conversationId, sequence, actorId, timeMs, revision });
  // A row that is damaged is as one that is not there.
  const message = step.state.targets.get(sequence);
  if (message !== undefined) step.tell({ pinned }, message);
}

/** What is below is no longer kept: its pins go without a word, as everybody is told of the trim. */
export function trimPins(step: ConversationStep, firstKept: number): void {
  const sequences = pinnedIn(step.head);
  const gone = sequences.filter((sequence) => sequence < firstKept);
  if (gone.length === 0) return;
  for (const sequence of gone) step.changes.pins.push({ sequence, row: undefined });
  const revision = (step.head.pinning?.revision ?? 0) + 1;
  step.draft.pinning = { revision, sequences: sequences.slice(gone.length) };
}

function pinnedIn(head: HeadRow): readonly number[] {
  return head.pinning?.sequences ?? [];
}
