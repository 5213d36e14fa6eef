/**
 * Compares cards with what was asked for and answered: an old update never wins, nothing that was acknowledged is lost, and an
 * application misses no action when it asks for them. What devices show of cards is judged with their messages.
 */
import { isDeepStrictEqual } from "node:util";
import type { ParleyClient } from "@parley/client";
import type { Card, CardAction, ConversationId, Message, UserId } from "@parley/protocol";
import type { AskedUpdate, CardNotes } from "./card-notes.js";
import type { Truth } from "./truth.js";

const PAGES_MAX = 1_000;

/** What an application is told of its cards when it asks, by sequence. */
export type CardActionsView = ReadonlyMap<number, readonly CardAction[]>;

/** Asks for the actions on every card of this user. */
export async function lookAtCardActions(
  client: ParleyClient,
  { userId, conversationId }: { readonly userId: UserId; readonly conversationId: ConversationId },
  truth: Truth,
): Promise<CardActionsView> {
  const found = new Map<number, readonly CardAction[]>();
  for (const { sequence } of cardsOf(truth, userId, conversationId)) {
    const items: CardAction[] = [];
    let after = "";
    for (let page = 0; page < PAGES_MAX; page++) {
      const answer = await client.cardActions(conversationId, sequence, after);
      items.push(...answer.items);
      after = answer.next;
      if (after === "") break;
    }
    found.set(sequence, items);
  }
  return found;
}

export function judgeCardActions(
  truth: Truth,
  view: {
    readonly name: string;
    readonly userId: UserId;
    readonly conversationId: ConversationId;
    readonly cardActions: CardActionsView;
  },
): string[] {
  const { name, userId, conversationId, cardActions } = view;
  return cardsOf(truth, userId, conversationId).flatMap(({ sequence }) => {
    const expected = truth.cards.lastActions({ conversationId, sequence });
    const told = cardActions.get(sequence) ?? [];
    if (isDeepStrictEqual(told.map(plain), expected.map(plain))) return [];
    return [
      `${name} in ${conversationId}: card ${sequence} has actions ${said(told)} instead of ${said(expected)}`,
    ];
  });
}

export function judgeCards(truth: Truth, { updates, actions, told }: CardNotes): string[] {
  const complaints: string[] = [];
  const parts = new Map<string, AskedUpdate[]>();
  for (const update of updates) {
    const name = `card ${update.sequence} of ${update.conversationId} for ${update.userId || "all"}`;
    parts.set(name, [...(parts.get(name) ?? []), update]);
  }
  for (const [name, asked] of parts) {
    const complaint = judgePart(truth, asked);
    if (complaint !== undefined) complaints.push(`${name} ${complaint}`);
  }
  for (const { conversationId, sequence, userId, actionId, isDone } of actions) {
    if (isDone && truth.cards.findAction({ conversationId, sequence, userId, actionId }) === undefined)
      complaints.push(`${actionId} on ${sequence} of ${conversationId} was acknowledged and is lost`);
  }
  for (const { toldId, conversationId, sequence, action } of told) {
    const { userId, actionId } = action;
    const done = truth.cards.findAction({ conversationId, sequence, userId, actionId }, action.number);
    const isSender = truth.messages.get(conversationId)?.[sequence - 1]?.senderId === toldId;
    if (done === undefined || !isDeepStrictEqual(plain(done), plain(action)) || !isSender)
      complaints.push(
        `${toldId} was told of ${said([action])} on ${sequence} of ${conversationId}, which is not so`,
      );
  }
  return complaints;
}

/** What is wrong with a part, of which all updates were asked for here. */
function judgePart(truth: Truth, asked: readonly AskedUpdate[]): string | undefined {
  const { conversationId, sequence, userId } = asked[0]!;
  const message = truth.messages.get(conversationId)?.[sequence - 1];
  const isShared = userId === "";
  const part: Card | undefined = isShared
    ? message?.body?.card
    : truth.cards.partOf({ conversationId, sequence }, userId);
  // What was recalled says nothing any more.
  if (message?.body?.card === undefined || (isShared && message.revision === 0)) {
    const isLost = message?.recall === undefined && asked.some(({ isDone }) => isDone);
    return isLost ? "was updated, and is as it was sent" : undefined;
  }
  const { revision = 0, content = "" } = part ?? {};
  const outdated = asked.find((update) => update.isDone && update.revision > revision);
  if (outdated !== undefined) return `is at ${revision}, and ${outdated.revision} was acknowledged`;
  const same = asked.filter((update) => update.revision === revision);
  const right = same.filter((update) => update.isDone);
  const isAsked = (right.length > 0 ? right : same).some((update) => update.content === content);
  return isAsked || part === undefined ? undefined : `says at ${revision} what nobody asked for`;
}

function cardsOf(truth: Truth, userId: UserId, conversationId: ConversationId): readonly Message[] {
  return truth
    .visible(userId, conversationId)
    .filter(({ body, senderId }) => body?.card !== undefined && senderId === userId);
}

function plain({ userId, actionId, verb, data, revision, timeMs, number }: CardAction): unknown {
  return [userId, actionId, verb, data, revision, timeMs, number];
}

function said(actions: readonly CardAction[]): string {
  return `[${actions.map(({ userId, actionId, number }) => `${number}: ${userId} "${actionId}"`).join()}]`;
}
