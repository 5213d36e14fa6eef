/** Compares the pins, read counts and actions on cards that devices show in the end with what the logs say. */
import { isDeepStrictEqual } from "node:util";
import type { ParleyClient } from "@parley/client";
import {
  type ConversationId,
  type Message,
  type ReadCount,
  type UserId,
  Message as MessageSchema,
  encode,
} from "@parley/protocol";
import { type CardActionsView, judgeCardActions, judgeCards, lookAtCardActions } from "./judge-cards.js";
import type { Truth } from "./truth.js";

export interface StatesView {
  readonly name: string;
  readonly userId: UserId;
  readonly conversationId: ConversationId;
  /** Pinned messages. */
  readonly pins: readonly (Message | undefined)[];
  /** What was known of the newest messages of this user before it was asked for. */
  readonly known: readonly ReadCount[];
  /** What the server answers. */
  readonly fetched: readonly ReadCount[];
  readonly cardActions: CardActionsView;
}

/** Looks at one conversation. */
export async function lookAtStates(
  { client, ...device }: { readonly name: string; readonly userId: UserId; readonly client: ParleyClient },
  conversationId: ConversationId,
  truth: Truth,
): Promise<StatesView> {
  const pins = await client.pins(conversationId);
  const own = truth.readCounts(device.userId, conversationId).map(({ sequence }) => sequence);
  const known = own.flatMap((sequence) => plain(client.readCount(conversationId, sequence)));
  const asked = own.length === 0 ? [] : await client.readCounts(conversationId, own);
  const fetched = asked.flatMap(plain);
  const cardActions = await lookAtCardActions(client, { ...device, conversationId }, truth);
  return { ...device, conversationId, cardActions, pins: pins.map(({ message }) => message), known, fetched };
}

export function judgeStates(truth: Truth, views: readonly StatesView[]): string[] {
  const complaints = truth
    .untold()
    .map((conversationId) => `${conversationId} has something that was never told`);
  complaints.push(...judgeCards(truth, truth.cardNotes));
  for (const view of views) {
    const { name, userId, conversationId, pins, known, fetched } = view;
    complaints.push(...judgeCardActions(truth, view));
    const where = `${name} in ${conversationId}`;
    const expected = truth.pins(userId, conversationId);
    if (!isDeepStrictEqual(pins.map(written), expected.map(written)))
      complaints.push(`${where} shows pins ${places(pins)} instead of ${places(expected)}`);
    const visible = new Set(truth.visible(userId, conversationId).map(({ sequence }) => sequence));
    const counts = truth.readCounts(userId, conversationId).filter(({ sequence }) => visible.has(sequence));
    if (!isDeepStrictEqual(fetched, counts))
      complaints.push(`${where} is told of readers ${said(fetched)} instead of ${said(counts)}`);
    for (const count of known) {
      const right = counts.find(({ sequence }) => sequence === count.sequence);
      if (right !== undefined && !isDeepStrictEqual(count, right))
        complaints.push(`${where} shows readers ${said([count])} instead of ${said([right])}`);
    }
  }
  return complaints;
}

function plain(count: ReadCount | undefined): readonly ReadCount[] {
  if (count === undefined) return [];
  const { sequence, read, unread } = count;
  return [{ sequence, read, unread }];
}

/** As bytes, because those of a custom message are of another class here than there. */
function written(message: Message | undefined): string {
  return message === undefined ? "" : Buffer.from(encode(MessageSchema, message)).toString("hex");
}

function places(messages: readonly (Message | undefined)[]): string {
  const one = (message: Message | undefined): string =>
    `${message?.sequence ?? 0}.${message?.revision ?? 0}~${message?.reactions?.revision ?? ""}`;
  return `[${messages.map(one).join()}]`;
}

function said(counts: readonly ReadCount[]): string {
  return `[${counts.map(({ sequence, read, unread }) => `${sequence}: ${read}/${unread}`).join()}]`;
}
