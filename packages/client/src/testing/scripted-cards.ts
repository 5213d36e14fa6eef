/** Cards in the world of the scripted server, by the rules of the real one. */
import type { CardAction, ConversationId, Message, UserId } from "@parley/protocol";
import type { ScriptedWorld } from "./scripted-world.js";

interface CardPlace {
  readonly conversationId: ConversationId;
  readonly sequence: number;
}

/** A message becomes a card, or its card is updated: told at once, or by `spreadCards` when `isMerged`. */
export function updateCard(world: ScriptedWorld, at: CardPlace, said: string, isMerged = false): void {
  const before = find(world, at);
  if (before === undefined) return;
  const revision = before.revision + 1;
  const body = { ...before.body!, text: undefined, card: { content: said, revision } };
  put(world, { ...before, body, revision });
  const unspread = world.unspreadCards.get(at.conversationId) ?? new Set();
  world.unspreadCards.set(at.conversationId, unspread.add(at.sequence));
  if (!isMerged) spreadCards(world, at.conversationId);
}

/** What waits is told. */
export function spreadCards(world: ScriptedWorld, conversationId: ConversationId): void {
  for (const sequence of world.unspreadCards.get(conversationId) ?? []) {
    const message = find(world, { conversationId, sequence });
    if (message !== undefined)
      world.push({ changed: { message: { ...message, reactions: undefined, cardPart: undefined } } });
  }
  world.unspreadCards.delete(conversationId);
}

/** My part of a card is this from now on. */
export function giveCardPart(world: ScriptedWorld, at: CardPlace, said: string): void {
  const before = find(world, at);
  if (before?.body?.card === undefined) return;
  const part = { content: said, revision: (before.cardPart?.revision ?? 0) + 1 };
  put(world, { ...before, cardPart: part });
  world.push({ cardPart: { ...at, part } });
}

/** Somebody does something with a card of mine. */
export function actOnMine(world: ScriptedWorld, at: CardPlace, number: number): CardAction {
  const action: CardAction = {
    userId: "other" as UserId,
    actionId: `a-${number}`,
    verb: "vote",
    data: "{}",
    revision: 1,
    timeMs: number,
    number,
  };
  world.push({ cardAction: { ...at, action } });
  return action;
}

/** A message that can still change. */
function find(world: ScriptedWorld, { conversationId, sequence }: CardPlace): Message | undefined {
  const message = world.messages.get(conversationId)?.[sequence - 1];
  const isGone = message === undefined || sequence < world.firstVisible(conversationId);
  return isGone || message.recall !== undefined ? undefined : message;
}

function put(world: ScriptedWorld, message: Message): void {
  world.messages.get(message.conversationId)![message.sequence - 1] = message;
}
