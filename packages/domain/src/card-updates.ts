/**
 * Updates of cards. The part that all see is the body of its message: an update is applied at once, and told with the whole message,
 * merged as reactions are (see reacting.ts): at most once in `windowMs`, what comes in between with the next spread record. A private
 * part stands in a row of its own and is told to its user at once.
 *
 *   K1  Of each part the application's own revision only grows: an update that is not above it is refused, and the same once more
 *       is done.
 *   K2  Every update of the part that all see is a revision of the message, without what it said before.
 *   K3  What is marked was updated after it was last told, and what is not marked was told.
 *   K4  Nobody is told a private part but its user, who sees the message.
 */
import { type Card, type Message, Body, Card as CardSchema, filled } from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import { type CardRow, type MemberRow, CardRow as CardRowSchema } from "./conversation-rows.js";
import { seesMessage } from "./directed.js";
import { clearMarks, mark, marksOf, unmark } from "./marks.js";
import { findTarget } from "./message-target.js";
import { forbidsBody } from "./permissions.js";
import { DONE, type Verdict, refused } from "./verdict.js";

type CardUpdateRecord = NonNullable<ConversationRecord["cardUpdate"]>;

const NO_ROW: CardRow = filled(CardRowSchema, {});
const NO_PART: Card = filled(CardSchema, {});

/** Only who sent a card updates it, and only who may still speak. */
export function applyCardUpdate(step: ConversationStep, update: CardUpdateRecord, timeMs: number): Verdict {
  const { actorId, sequence, userId } = update;
  const found = findTarget(step, actorId, sequence);
  if ("kind" in found) return found;
  const { message, member } = found;
  if (message.senderId !== actorId) return refused("not-allowed");
  if (message.recall !== undefined) return refused("message-recalled");
  if (message.body?.card === undefined) return refused("not-allowed");
  const forbidden = forbidsBody(filled(Body, { card: message.body.card }), step.head, member, timeMs);
  if (forbidden !== undefined) return forbidden;
  if (update.revision === 0 || (update.content === "" && userId === "")) return refused("bad-request");
  return userId === "" ? updateShared(step, message, { update, timeMs }) : updatePart(step, message, update);
}

/** Tells all marked cards. */
export function spreadCards(step: ConversationStep, timeMs: number): void {
  for (const sequence of marksOf(step.head, "carding")) {
    const message = step.state.targets.get(sequence);
    // A row that is damaged is as one that is not there.
    if (message === undefined) continue;
    const row = cardRowOf(step, sequence);
    step.changes.cards.push({ sequence, row: { ...row, spreadMs: timeMs } });
    step.tell({ changed: { message } }, message);
  }
  clearMarks(step, "carding");
}

/** What the row of a card says; of one that has none yet, nothing. */
export function cardRowOf({ state }: ConversationStep, sequence: number): CardRow {
  return state.card.rows.get(sequence) ?? NO_ROW;
}

function updateShared(
  step: ConversationStep,
  before: Message,
  { update, timeMs }: { readonly update: CardUpdateRecord; readonly timeMs: number },
): Verdict {
  const { sequence, content, revision, windowMs } = update;
  const card = { content, revision };
  const refusal = againstOrder(before.body!.card!, card);
  if (refusal !== undefined) return refusal;
  const message: Message = {
    ...before,
    body: { ...before.body!, card },
    revision: before.revision + 1,
  };
  const row = cardRowOf(step, sequence);
  const isTold = timeMs - row.spreadMs >= windowMs || !mark(step, "carding", sequence);
  step.changes.changed.push(message);
  if (!isTold) return DONE;
  step.changes.cards.push({ sequence, row: { ...row, spreadMs: timeMs } });
  unmark(step, "carding", sequence);
  step.tell({ changed: { message } }, message);
  return DONE;
}

function updatePart(step: ConversationStep, message: Message, update: CardUpdateRecord): Verdict {
  const { sequence, userId, content, revision } = update;
  const { members, card, key } = step.state;
  if (!isSeenBy(message, { userId, member: members.get(userId) })) return refused("bad-request");
  const part = { content, revision };
  const refusal = againstOrder(card.part ?? NO_PART, part);
  if (refusal !== undefined) return refusal;
  step.changes.cardParts.push({ sequence, userId, row: part });
  const { conversationId } = key;
  step.emit([userId], { cardPart: { conversationId, sequence, part } });
  return DONE;
}

/** Undefined: it is the next one. Done again is done. */
function againstOrder(before: Card, after: Card): Verdict | undefined {
  if (after.revision > before.revision) return undefined;
  const isSame = after.revision === before.revision && after.content === before.content;
  return isSame ? DONE : refused("card-outdated", before.revision + 1);
}

function isSeenBy(
  message: Message,
  { userId, member }: { readonly userId: Message["senderId"]; readonly member: MemberRow | undefined },
): boolean {
  return member !== undefined && member.firstVisible <= message.sequence && seesMessage(message, userId);
}
