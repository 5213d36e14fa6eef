/** Compares what devices hold in the end with what the logs say, and says what differs. */
import { isDeepStrictEqual } from "node:util";
import {
  type ConversationEntry,
  type ConversationId,
  type Message,
  plainText,
  type UserId,
} from "@parley/protocol";
import type { Heard } from "./recording.js";
import { areSameMessages, isSameMessage } from "./same.js";
import { type GroupView, judgeGroup } from "./judge-groups.js";
import type { SentText } from "./sent-texts.js";
import type { Truth } from "./truth.js";

/** A word of every message as it was sent, and of none that was edited. */
export const SEARCHED = "says";

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
  /** What a search for SEARCHED finds in each of them, the newest first. */
  readonly found: ReadonlyMap<ConversationId, readonly Message[]>;
  /** What it knows of the groups that the user is in. */
  readonly groups?: ReadonlyMap<ConversationId, GroupView>;
}

export function judge(truth: Truth, views: readonly DeviceView[]): string[] {
  const complaints: string[] = [];
  for (const view of views) {
    judgeList(truth, view, complaints);
    for (const [conversationId, messages] of view.messages) {
      const expected = truth.visible(view.device.userId, conversationId);
      if (!areSameMessages(messages, expected)) {
        complaints.push(`${view.device.name} in ${conversationId}: ${firstDifference(messages, expected)}`);
      }
    }
    judgeFound(truth, view, complaints);
    judgeSent(truth, view.device, complaints);
    const { name, userId } = view.device;
    for (const [conversationId, group] of view.groups ?? []) {
      const state = truth.conversation(conversationId);
      if (state !== undefined) complaints.push(...judgeGroup(name, { userId, conversationId, state }, group));
    }
  }
  return complaints;
}

/** Over a topic nobody hears of a message from before joining or after leaving. */
export function judgeHeard(truth: Truth, heard: Iterable<Heard>): string[] {
  return [...heard].flatMap(({ userId, conversationId, sequence }) =>
    truth.concerns(userId, conversationId, sequence)
      ? []
      : [`${userId} was told of ${conversationId} ${sequence}, which is not for it`],
  );
}

function judgeList(truth: Truth, { device, entries }: DeviceView, complaints: string[]): void {
  const { pts } = truth.user(device.userId);
  const expected = truth.entries(device.userId);
  const storedPts = device.storedPosition?.pts ?? pts;
  if (storedPts !== pts) complaints.push(`${device.name} stands at ${storedPts} of ${pts} events`);
  const held = new Map(entries.map((entry) => [entry.conversationId, entry]));
  for (const [conversationId, entry] of expected) {
    const mine = held.get(conversationId);
    if (!isSameEntry(mine, entry)) {
      complaints.push(
        `${device.name} lists ${conversationId} as ${JSON.stringify(mine)} instead of ${JSON.stringify(entry)}`,
      );
    }
  }
  for (const conversationId of held.keys())
    if (!expected.has(conversationId))
      complaints.push(`${device.name} lists ${conversationId}, which it never had`);
}

/** A search finds what the user sees that has the word, and nothing else. */
function judgeFound(truth: Truth, { device, found }: DeviceView, complaints: string[]): void {
  for (const [conversationId, messages] of found) {
    const expected = truth
      .visible(device.userId, conversationId)
      .filter(({ body }) => plainText(body).split(" ").includes(SEARCHED))
      .toReversed();
    if (!areSameMessages(messages, expected))
      complaints.push(`${device.name} finds in ${conversationId}: ${firstDifference(messages, expected)}`);
  }
}

/** Every text that was kept is placed once or has failed; one that was placed is there; none is there twice. */
function judgeSent(truth: Truth, device: JudgedDevice, complaints: string[]): void {
  for (const { conversationId, clientMessageId, text, isForward, state } of device.sent.values()) {
    const placed = (truth.messages.get(conversationId) ?? []).filter(
      (message) =>
        message.clientMessageId === clientMessageId &&
        (message.revision > 0 || isForward || plainText(message.body) === text),
    );
    const what = `"${text}" in ${conversationId}`;
    if (placed.length > 1) complaints.push(`${what} is there ${placed.length} times`);
    if (placed.length === 0 && state === "placed") complaints.push(`${what} was acknowledged and is lost`);
    if (state === "kept") complaints.push(`${what} was never answered`);
    if (placed.length > 0 && state === "failed")
      complaints.push(`${what} is there, and its device says it failed`);
  }
}

function isSameEntry(mine: ConversationEntry | undefined, expected: ConversationEntry): boolean {
  if (mine === undefined || !isSameMessage(mine.lastMessage, expected.lastMessage)) return false;
  return isDeepStrictEqual({ ...mine, lastMessage: undefined }, { ...expected, lastMessage: undefined });
}

function firstDifference(mine: readonly Message[], expected: readonly Message[]): string {
  const index = expected.findIndex((message, at) => !isSameMessage(message, mine[at]));
  if (index < 0) return `${mine.length - expected.length} messages too many`;
  const has = mine[index];
  const said = (message: Message | undefined): string =>
    message === undefined
      ? "nothing"
      : `${message.sequence}.${message.revision} ${message.messageId} ${plainText(message.body)} ` +
        JSON.stringify(message.reactions ?? {});
  return `place ${index} has ${said(has)} instead of ${said(expected[index])} (${mine.length} of ${expected.length})`;
}
