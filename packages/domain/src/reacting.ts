/**
 * Reactions. Each is applied at once; its giver's devices are told at once, everybody else with the next summary of the
 * message. A summary goes out with the reaction itself when the last one is `windowMs` ago, else with the next spread
 * record: the message is marked in the head until then. Times are those of the records, so that every replay decides alike.
 *
 *   R1  The revision of a message's reactions grows by 1 with every change, and a summary says all that its revision has.
 *   R2  What is marked was changed after it was last told, and what is not marked was told.
 *   R3  A recalled message has no reactions, and neither has one that is no longer kept.
 */
import {
  type Message,
  type ReactionCount,
  type UserId,
  REACTIONS_PER_USER_MAX,
  REACTION_KEYS_MAX,
  REACTION_USERS_SHOWN_MAX,
  Reactions,
  filled,
  isSignal,
} from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import type { ReactionSumRow } from "./conversation-rows.js";
import { clearMarks, mark, marksOf, unmark } from "./marks.js";
import { findTarget } from "./message-target.js";
import { forbids } from "./permissions.js";
import { DONE, type Verdict, refused } from "./verdict.js";

type ReactRecord = NonNullable<ConversationRecord["react"]>;

const NO_REACTIONS: ReactionSumRow = { revision: 0, items: [], spreadMs: 0 };

/** Whoever sees a message reacts to it. What is given twice, or taken back without being given, is done. */
export function applyReact(step: ConversationStep, react: ReactRecord, timeMs: number): Verdict {
  const { actorId, sequence, key, isRemoval, windowMs } = react;
  const found = findTarget(step, actorId, sequence);
  if ("kind" in found) return found;
  const forbidden = forbids("react", step.head, found.member, timeMs);
  if (forbidden !== undefined) return forbidden;
  const { message } = found;
  // Nobody sees a signal.
  if (message.body?.notice !== undefined || isSignal(message.body)) return refused("not-allowed");
  if (message.recall !== undefined) return refused("message-recalled");
  const given = step.state.reactor?.keys ?? [];
  if (given.includes(key) !== isRemoval) return DONE;
  const before = step.state.sums.get(sequence) ?? NO_REACTIONS;
  if (!isRemoval) {
    const isNew = before.items.every((item) => item.key !== key);
    if (given.length >= REACTIONS_PER_USER_MAX || (isNew && before.items.length >= REACTION_KEYS_MAX))
      return refused("too-many-reactions");
  }
  const keys = isRemoval ? given.filter((one) => one !== key) : [...given, key];
  const revision = before.revision + 1;
  const items = isRemoval ? withoutOne(before.items, key, actorId) : withOne(before.items, key, actorId);
  const isTold = timeMs - before.spreadMs >= windowMs || !mark(step, "reacting", sequence);
  const sum: ReactionSumRow = { revision, items, spreadMs: isTold ? timeMs : before.spreadMs };
  step.changes.sums.push({ sequence, row: sum });
  step.changes.reactions.push({ sequence, userId: actorId, row: { keys, revision } });
  const { conversationId } = step.state.key;
  const mine: Reactions = { revision, items, mine: keys, mineRevision: revision };
  step.emit([actorId], { reactions: { conversationId, sequence, reactions: mine } });
  if (isTold) {
    // The head says that there are reactions.
    if (step.head.reacting === undefined) step.draft.reacting = { unspread: [] };
    unmark(step, "reacting", sequence);
    tellSum(step, message, sum);
  }
  return DONE;
}

/** Tells the reactions of all marked messages. */
export function spreadReactions(step: ConversationStep, timeMs: number): void {
  const { sums, targets } = step.state;
  for (const sequence of marksOf(step.head, "reacting")) {
    const [sum, message] = [sums.get(sequence), targets.get(sequence)];
    // Rows that are damaged are as ones that are not there.
    if (sum === undefined || message === undefined) continue;
    step.changes.sums.push({ sequence, row: { ...sum, spreadMs: timeMs } });
    tellSum(step, message, sum);
  }
  clearMarks(step, "reacting");
}

/** The message was recalled. What its members know of its reactions goes with what it said. */
export function dropReactions(step: ConversationStep, sequence: number): void {
  if (step.head.reacting === undefined) return;
  step.changes.sums.push({ sequence, row: undefined });
  unmark(step, "reacting", sequence);
}

function tellSum(step: ConversationStep, message: Message, { revision, items }: ReactionSumRow): void {
  const { conversationId } = step.state.key;
  const reactions = filled(Reactions, { revision, items });
  step.tell({ reactions: { conversationId, sequence: message.sequence, reactions } }, message);
}

function withOne(items: readonly ReactionCount[], key: string, userId: UserId): readonly ReactionCount[] {
  if (items.every((item) => item.key !== key)) return [...items, { key, count: 1, userIds: [userId] }];
  return items.map((item) => {
    if (item.key !== key) return item;
    const userIds = item.userIds.length < REACTION_USERS_SHOWN_MAX ? [...item.userIds, userId] : item.userIds;
    return { key, count: item.count + 1, userIds };
  });
}

function withoutOne(items: readonly ReactionCount[], key: string, userId: UserId): readonly ReactionCount[] {
  return items.flatMap((item) => {
    if (item.key !== key) return [item];
    const userIds = item.userIds.filter((one) => one !== userId);
    return item.count > 1 ? [{ key, count: item.count - 1, userIds }] : [];
  });
}
