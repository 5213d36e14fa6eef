/** What a simulated device does with cards: it sends some, updates them, also late, gives private parts, and acts on those of others. */
import type { ParleyClient, PendingMessage } from "@parley/client";
import type { ConversationEntry, ConversationId, Message, UserId } from "@parley/protocol";
import type { CardNotes } from "./recording/card-notes.js";
import type { SeededRandom } from "./seeded-random.js";

export interface CardOptions {
  readonly client: ParleyClient;
  readonly random: SeededRandom;
  readonly self: UserId;
  readonly userIds: readonly UserId[];
  /** Distinguishes one from another. */
  readonly text: string;
  readonly notes: CardNotes;
  /** What this device holds of a conversation. */
  readonly stored: (conversationId: ConversationId) => readonly Message[];
  readonly run: (kind: string, operation: () => Promise<unknown>) => void;
  readonly onGiven: (pending: PendingMessage) => void;
}

/** One thing, with any card near the end: what is not allowed is refused. */
export function dealOnce(options: CardOptions): void {
  const { client, random, run, onGiven, text } = options;
  const entries = client.conversations().filter(({ isMember, lastSequence }) => isMember && lastSequence > 0);
  if (entries.length === 0) return;
  const entry = random.pick(entries);
  const { conversationId } = entry;
  const card = cardNear(options, entry);
  if (card === undefined || random.isTrue(0.15)) {
    run("send-card", async () => {
      onGiven(await client.sendCard(conversationId, cardOf(text), { revision: random.between(1, 3) }));
    });
    return;
  }
  const { sequence } = card;
  const draw = random.unit();
  if (draw < 0.35) update(options, card, undefined);
  else if (draw < 0.6) update(options, card, random.pick(options.userIds));
  else if (draw < 0.93) act(options, card);
  else run("card-actions", () => client.cardActions(conversationId, sequence));
}

function update(
  { client, random, notes, run, text }: CardOptions,
  card: Message,
  userId: UserId | undefined,
): void {
  const { conversationId, sequence } = card;
  // Also below what is there, and the same again.
  const known = userId === undefined ? (card.body?.card?.revision ?? 0) : random.integer(12);
  const revision = Math.max(1, known + random.between(-2, 3));
  const isTaken = userId !== undefined && random.isTrue(0.2);
  const content = isTaken ? "" : JSON.stringify(cardOf(text));
  const whose = userId === undefined ? {} : { userId };
  const done = notes.asked({ conversationId, sequence, userId: userId ?? "", content, revision });
  run(userId === undefined ? "update-card" : "give-card-part", async () => {
    await client.updateCard(conversationId, sequence, { content, revision, ...whose });
    done();
  });
}

function act({ client, random, notes, run, self, text }: CardOptions, card: Message): void {
  const { conversationId, sequence } = card;
  // Now and then the one before again: of the last one nothing comes.
  const fresh = text.replaceAll(" ", "-");
  const actionId = random.isTrue(0.2) ? (notes.lastActionId(self) ?? fresh) : fresh;
  const acted = notes.acted({ conversationId, sequence, userId: self, actionId });
  run("act-on-card", async () => {
    const revision = card.body?.card?.revision ?? 0;
    await client.actOnCard(conversationId, sequence, { verb: "vote", data: { text }, revision, actionId });
    acted();
  });
}

/** Mostly one of my own, because only these may be updated. */
function cardNear(
  { random, self, stored }: CardOptions,
  { conversationId }: ConversationEntry,
): Message | undefined {
  const cards = stored(conversationId)
    .filter(({ body }) => body?.card !== undefined)
    .slice(-6);
  const own = cards.filter(({ senderId }) => senderId === self);
  const from = own.length > 0 && random.isTrue(0.6) ? own : cards;
  return from.length === 0 ? undefined : random.pick(from);
}

function cardOf(text: string): Readonly<Record<string, unknown>> {
  return { type: "AdaptiveCard", version: "1.5", fallbackText: text };
}
