/**
 * What changes in a message after it was sent: its text is edited, or it is recalled. Times are those of the records, so that
 * every replay decides alike.
 */
import { type Message, type UserId, Body, EDITS_MAX, isSignal, filled, isSameBody } from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import { findTarget } from "./message-target.js";
import { unpin } from "./pinning.js";
import { unmark } from "./marks.js";
import { dropReactions } from "./reacting.js";
import { forbidsBody, may } from "./permissions.js";
import { DONE, type Verdict, refused } from "./verdict.js";

type EditRecord = NonNullable<ConversationRecord["edit"]>;
type RecallRecord = NonNullable<ConversationRecord["recall"]>;

/**
 * Only the sender edits, only what it wrote itself, to another text: plain or rich, with the users that it mentions. What the message
 * answers stays. An edit that changes nothing is done, so that one may be repeated.
 */
export function applyEdit(step: ConversationStep, edit: EditRecord, timeMs: number): Verdict {
  const { actorId, sequence, limitMs } = edit;
  const { text, rich, mentions, notice, hidesPreview } = edit.body ?? filled(Body, {});
  if ((text === undefined) === (rich === undefined) || notice !== undefined) return refused("bad-request");
  const found = findTarget(step, actorId, sequence);
  if ("kind" in found) return found;
  const { message } = found;
  if (message.senderId !== actorId || message.body?.notice !== undefined) return refused("not-allowed");
  const forbidden = forbidsBody(edit.body, step.head, found.member, timeMs);
  if (forbidden !== undefined) return forbidden;
  if (message.recall !== undefined) return refused("message-recalled");
  const before = message.body;
  const isOwnText = (before?.text ?? before?.rich) !== undefined && before?.forwarded === undefined;
  if (before === undefined || !isOwnText) return refused("not-allowed");
  const body = filled(Body, { text, rich, mentions, reply: before.reply, hidesPreview });
  if (isSameBody(before, body)) return DONE;
  if (isTooLate(message, timeMs, limitMs)) return refused("too-late");
  if (message.revision >= EDITS_MAX) return refused("too-many-edits");
  const { revision, editedMs } = message;
  step.changes.edits.push({ sequence, revision, row: { revision, body: message.body, editedMs } });
  return change(step, {
    ...message,
    body,
    revision: revision + 1,
    // Above 0 in any case: it says that there was an edit.
    editedMs: Math.max(timeMs, message.timeMs, editedMs, 1),
  });
}

/** The sender recalls for some time, the owner and the admins of a group at any time. Recalled again it is done. */
export function applyRecall(step: ConversationStep, recall: RecallRecord, timeMs: number): Verdict {
  const { actorId, sequence, limitMs } = recall;
  if (recall.isReview) return recallReviewed(step, recall, timeMs);
  const found = findTarget(step, actorId, sequence);
  if ("kind" in found) return found;
  const { message, member } = found;
  const mayAlways = !step.head.isDirect && may("recall", step.head, member, timeMs);
  if (message.body?.notice !== undefined || (message.senderId !== actorId && !mayAlways))
    return refused("not-allowed");
  // Nobody sees it, and without its body it would be shown as a message that is gone.
  if (isSignal(message.body)) return refused("not-allowed");
  if (message.recall !== undefined) return DONE;
  if (!mayAlways && isTooLate(message, timeMs, limitMs)) return refused("too-late");
  return takeBack(step, message, actorId, timeMs);
}

/** Nobody who is a member asks: the review takes back what it found later, at any time. */
function recallReviewed(
  step: ConversationStep,
  { actorId, sequence }: RecallRecord,
  timeMs: number,
): Verdict {
  const message = step.state.targets.get(sequence);
  if (message === undefined || sequence < step.head.firstKept) return refused("message-unknown");
  if (message.recall !== undefined || message.body?.notice !== undefined) return DONE;
  return takeBack(step, message, actorId, timeMs);
}

function takeBack(step: ConversationStep, message: Message, actorId: UserId, timeMs: number): Verdict {
  const { sequence } = message;
  // Updates of a card leave nothing behind, and there may be any number of them.
  const former = message.body?.card === undefined ? message.revision : 0;
  for (let revision = 0; revision < former; revision++)
    step.changes.edits.push({ sequence, revision, row: undefined });
  unmark(step, "carding", sequence);
  dropReactions(step, sequence);
  unpin(step, sequence, { actorId, timeMs });
  return change(step, {
    ...message,
    body: undefined,
    revision: message.revision + 1,
    recall: { actorId, timeMs: Math.max(timeMs, message.timeMs) },
  });
}

function isTooLate(message: Message, timeMs: number, limitMs: number): boolean {
  return limitMs > 0 && timeMs - message.timeMs > limitMs;
}

/** Puts the message as it is now, and tells those who see it. */
function change(step: ConversationStep, message: Message): Verdict {
  step.changes.changed.push(message);
  step.tell({ changed: { message } }, message);
  return DONE;
}
