/**
 * What people do with a card. The last action of everybody is kept, so that its application misses nothing, and the sender of the card
 * is told of each one.
 */
import type { CardAction } from "@parley/protocol";
import { cardRowOf } from "./card-updates.js";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import { findTarget } from "./message-target.js";
import { forbids } from "./permissions.js";
import { DONE, type Verdict, refused } from "./verdict.js";

type CardActionRecord = NonNullable<ConversationRecord["cardAction"]>;

/** Whoever sees a card acts on it, as on a reaction: also who is muted. The last one again is done, and told to nobody. */
export function applyCardAction(step: ConversationStep, action: CardActionRecord, timeMs: number): Verdict {
  const { userId, sequence, actionId } = action;
  const found = findTarget(step, userId, sequence);
  if ("kind" in found) return found;
  const { message, member } = found;
  const forbidden = forbids("react", step.head, member, timeMs);
  if (forbidden !== undefined) return forbidden;
  if (message.recall !== undefined) return refused("message-recalled");
  if (message.body?.card === undefined) return refused("not-allowed");
  const { state } = step;
  if (state.card.action?.actionId === actionId) return DONE;
  const before = cardRowOf(step, sequence);
  const number = before.actions + 1;
  const { verb, data, revision } = action;
  const row: CardAction = { userId, actionId, verb, data, revision, timeMs, number };
  step.changes.cards.push({ sequence, row: { ...before, actions: number } });
  step.changes.cardActions.push({ sequence, row });
  // Who has left hears of nothing, and finds it here after coming back.
  const sender = state.members.get(message.senderId);
  if (sender === undefined || sender.firstVisible > sequence) return DONE;
  const { conversationId } = state.key;
  step.emit([message.senderId], { cardAction: { conversationId, sequence, action: row } });
  return DONE;
}
