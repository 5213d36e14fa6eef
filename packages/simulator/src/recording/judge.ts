/** Compares what devices hold in the end with what the logs say, and says what differs. */
import { isDeepStrictEqual } from "node:util";
import type { ConversationEntry, ConversationId, Message, UserId } from "@parley/protocol";
import type { SentText } from "./sent-texts.js";
import type { Truth } from "./truth.js";

export interface JudgedDevice {
  readonly name: string;
  readonly userId: UserId;
  /** Undefined where nothing is stored. */
  readonly storedPosition: { readonly pts: number } | undefined;
  /** By client message id. */
  readonly sent: ReadonlyMap<string, SentText>;
}

export interface DeviceView {
  readonly device: JudgedDevice;
  readonly entries: readonly ConversationEntry[];
  /** All messages of each conversation that the user is in. */
  readonly messages: ReadonlyMap<ConversationId, readonly Message[]>;
}

export function judge(truth: Truth, views: readonly DeviceView[]): string[] {
  const complaints: string[] = [];
  for (const view of views) {
    judgeList(truth, view, complaints);
    for (const [conversationId, messages] of view.messages) {
      const expected = truth.visible(view.device.userId, conversationId);
      if (!isDeepStrictEqual(messages, expected)) {
        complaints.push(`${view.device.name} in ${conversationId}: ${firstDifference(messages, expected)}`);
      }
    }
    judgeSent(truth, view.device, complaints);
  }
  return complaints;
}

function judgeList(truth: Truth, { device, entries }: DeviceView, complaints: string[]): void {
  const { entries: expected, pts } = truth.user(device.userId);
  const storedPts = device.storedPosition?.pts ?? pts;
  if (storedPts !== pts) complaints.push(`${device.name} stands at ${storedPts} of ${pts} events`);
  const held = new Map(entries.map((entry) => [entry.conversationId, entry]));
  for (const [conversationId, entry] of expected) {
    const mine = held.get(conversationId);
    if (!isDeepStrictEqual(mine, entry)) {
      complaints.push(
        `${device.name} lists ${conversationId} as ${JSON.stringify(mine)} instead of ${JSON.stringify(entry)}`,
      );
    }
  }
  for (const conversationId of held.keys())
    if (!expected.has(conversationId))
      complaints.push(`${device.name} lists ${conversationId}, which it never had`);
}

/** Every text that was kept is placed once or has failed; one that was placed is there; none is there twice. */
function judgeSent(truth: Truth, device: JudgedDevice, complaints: string[]): void {
  for (const { conversationId, clientMessageId, text, state } of device.sent.values()) {
    const placed = (truth.messages.get(conversationId) ?? []).filter(
      (message) =>
        message.clientMessageId === clientMessageId &&
        (message.revision > 0 || message.body?.text?.text === text),
    );
    const what = `"${text}" in ${conversationId}`;
    if (placed.length > 1) complaints.push(`${what} is there ${placed.length} times`);
    if (placed.length === 0 && state === "placed") complaints.push(`${what} was acknowledged and is lost`);
    if (state === "kept") complaints.push(`${what} was never answered`);
    if (placed.length > 0 && state === "failed")
      complaints.push(`${what} is there, and its device says it failed`);
  }
}

function firstDifference(mine: readonly Message[], expected: readonly Message[]): string {
  const index = expected.findIndex((message, at) => !isDeepStrictEqual(message, mine[at]));
  if (index < 0) return `${mine.length - expected.length} messages too many`;
  const has = mine[index];
  const said = (message: Message | undefined): string =>
    message === undefined
      ? "nothing"
      : `${message.sequence}.${message.revision} ${message.messageId} ${message.body?.text?.text ?? ""}`;
  return `place ${index} has ${said(has)} instead of ${said(expected[index])} (${mine.length} of ${expected.length})`;
}
