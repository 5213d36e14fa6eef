/**
 * What no history has and the checker cannot say. Pure: it returns complaints.
 *
 *   1. Every text that was given to a device is there once, as given, in the order of giving: for the checker a message
 *      begins with its first packet, behind the SDK's outbox.
 *   2. The list of a device is in the order of change: an entry of a history has no place in a list.
 */
import type { ConversationEntry, ConversationId, Message, UserId } from "@parley/protocol";
import type { GivenText } from "./device.js";

export interface JudgedDevice {
  readonly name: string;
  readonly userId: UserId;
  readonly given: readonly GivenText[];
  /** As the device lists them. */
  readonly entries: readonly ConversationEntry[];
}

/** `messages`: those of each conversation, as the log has them. */
export function judge(
  messages: ReadonlyMap<ConversationId, readonly Message[]>,
  devices: readonly JudgedDevice[],
): string[] {
  const placed = placesOf(messages);
  return devices.flatMap((device) => [...judgeGiven(placed, device), ...judgeOrder(device)]);
}

type Places = ReadonlyMap<string, readonly Message[]>;

/** Rule 1. */
function judgeGiven(placed: Places, { name, userId, given }: JudgedDevice): string[] {
  const complaints: string[] = [];
  const last = new Map<ConversationId, number>();
  for (const { conversationId, clientMessageId, text } of given) {
    const found = placed.get(placeKey(conversationId, userId, clientMessageId)) ?? [];
    const what = `${name}: ${clientMessageId} in ${conversationId}`;
    const [message] = found;
    if (message === undefined) complaints.push(`${what} is lost.`);
    else if (found.length > 1) complaints.push(`${what} is there ${found.length} times.`);
    else if (message.body?.text?.text !== text) complaints.push(`${what} has another text.`);
    else if (message.sequence <= (last.get(conversationId) ?? 0)) complaints.push(`${what} came too late.`);
    if (message !== undefined) last.set(conversationId, message.sequence);
  }
  return complaints;
}

/** Rule 2. */
function judgeOrder({ name, entries }: JudgedDevice): string[] {
  const isOrdered = entries.every(
    (entry, index) => index === 0 || entry.updatedMs <= (entries[index - 1]?.updatedMs ?? 0),
  );
  return isOrdered ? [] : [`${name}: the list is not in the order of change.`];
}

function placesOf(messages: ReadonlyMap<ConversationId, readonly Message[]>): Places {
  const placed = new Map<string, Message[]>();
  for (const [conversationId, all] of messages) {
    for (const message of all) {
      const key = placeKey(conversationId, message.senderId, message.clientMessageId);
      const known = placed.get(key);
      if (known === undefined) placed.set(key, [message]);
      else known.push(message);
    }
  }
  return placed;
}

function placeKey(conversationId: ConversationId, senderId: UserId, clientMessageId: string): string {
  return `${conversationId} ${senderId} ${clientMessageId}`;
}
