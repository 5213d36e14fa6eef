/**
 * What changes in a message after it was sent: its text is edited, or it is recalled. Times are those of the records, so that
 * every replay decides alike.
 */
import { type Body, type Message, type UserId, EDITS_MAX } from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import type { MemberRow } from "./conversation-rows.js";
import { DONE, type Verdict, refused } from "./verdict.js";

type EditRecord = NonNullable<ConversationRecord["edit"]>;
type RecallRecord = NonNullable<ConversationRecord["recall"]>;

/** Only the sender edits, only a text. An edit that changes nothing is done, so that one may be repeated. */
export function applyEdit(step: ConversationStep, edit: EditRecord, timeMs: number): Verdict {
  const { actorId, sequence, limitMs } = edit;
  const text = edit.body?.text;
  if (text === undefined || edit.body?.notice !== undefined) return refused("bad-request");
  const found = findTarget(step, actorId, sequence);
  if ("kind" in found) return found;
  const { message } = found;
  if (message.senderId !== actorId || message.body?.notice !== undefined) return refused("not-allowed");
  if (message.recall !== undefined) return refused("message-recalled");
  const before = message.body?.text;
  if (before === undefined) return refused("not-allowed");
  if (before.text === text.text) return DONE;
  if (isTooLate(message, timeMs, limitMs)) return refused("too-late");
  if (message.revision >= EDITS_MAX) return refused("too-many-edits");
  const { revision, editedMs } = message;
  step.changes.edits.push({ sequence, revision, row: { revision, body: message.body, editedMs } });
  const body: Body = { text, notice: undefined };
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
  const found = findTarget(step, actorId, sequence);
  if ("kind" in found) return found;
  const { message, member } = found;
  // In a direct conversation both are plain members.
  const mayAlways = member.role === "owner" || member.role === "admin";
  if (message.body?.notice !== undefined || (message.senderId !== actorId && !mayAlways))
    return refused("not-allowed");
  if (message.recall !== undefined) return DONE;
  if (!mayAlways && isTooLate(message, timeMs, limitMs)) return refused("too-late");
  for (let revision = 0; revision < message.revision; revision++)
    step.changes.edits.push({ sequence, revision, row: undefined });
  return change(step, {
    ...message,
    body: undefined,
    revision: message.revision + 1,
    recall: { actorId, timeMs: Math.max(timeMs, message.timeMs) },
  });
}

/** The message, and who acts on it; or why this one may not. What one does not see is as unknown as what is not there. */
function findTarget(
  step: ConversationStep,
  actorId: UserId,
  sequence: number,
): { readonly message: Message; readonly member: MemberRow } | Verdict {
  const { state, head } = step;
  const member = state.members.get(actorId);
  if (member === undefined) return refused("not-a-member");
  const message = state.targets.get(sequence);
  const isVisible = sequence >= Math.max(member.firstVisible, head.firstKept);
  return message === undefined || !isVisible ? refused("message-unknown") : { message, member };
}

function isTooLate(message: Message, timeMs: number, limitMs: number): boolean {
  return limitMs > 0 && timeMs - message.timeMs > limitMs;
}

/** Puts the message as it is now, and tells those who see it. */
function change(step: ConversationStep, message: Message): Verdict {
  step.changes.changed.push(message);
  const watching = [...step.state.members].filter(([, { firstVisible }]) => firstVisible <= message.sequence);
  step.emit(
    watching.map(([userId]) => userId),
    { changed: { message } },
  );
  return DONE;
}
