/** What a simulated device does besides texts: bodies of every kind, answers, mentions, directed messages, forwards, look-ups. */
import type { ParleyClient, PendingMessage } from "@parley/client";
import {
  type Body,
  type ConversationEntry,
  type ConversationId,
  filled,
  type Init,
  locationBody,
  RichBlock,
  RichSpan,
  type UserId,
} from "@parley/protocol";
import type { SeededRandom } from "./seeded-random.js";

export interface KindsOptions {
  readonly client: ParleyClient;
  readonly random: SeededRandom;
  readonly userIds: readonly UserId[];
  /** Distinguishes one from another. */
  readonly text: string;
  readonly run: (kind: string, operation: () => Promise<unknown>) => void;
  readonly onGiven: (pending: PendingMessage, isForward: boolean) => void;
}

/** One thing, in a conversation that the device lists: what is not allowed is refused. */
export function doAnyKind(options: KindsOptions): void {
  const { client, random, run } = options;
  const entries = client.conversations().filter(({ isMember, lastSequence }) => isMember && lastSequence > 0);
  if (entries.length === 0) return;
  const entry = random.pick(entries);
  const { conversationId } = entry;
  const draw = random.unit();
  if (draw < 0.1) {
    const sequences = [near(entry, random), near(entry, random)];
    run("look-up", () => client.lookUp(conversationId, sequences));
  } else if (draw < 0.17) run("mentions", () => client.mentions());
  else if (draw < 0.22) run("mentions-here", () => client.mentions("", conversationId));
  else if (draw < 0.34) forward(options, conversationId, random.pick(entries));
  else send(options, entry, draw < 0.6);
}

function send(
  { client, random, userIds, text, run, onGiven }: KindsOptions,
  entry: ConversationEntry,
  isDirected: boolean,
): void {
  const body = { ...contentOf(text, random), ...addedTo(entry, random, userIds) };
  // Sometimes to one who is no member: that is refused.
  const audience = isDirected ? userIds.filter(() => random.isTrue(0.4)) : [];
  run(isDirected ? "send-directed" : "send-kind", async () => {
    onGiven(await client.send(entry.conversationId, body, audience), false);
  });
}

function forward(
  { client, random, run, onGiven }: KindsOptions,
  to: ConversationId,
  from: ConversationEntry,
): void {
  const sequences = [...new Set([near(from, random), near(from, random)])];
  const isMerged = random.isTrue(0.5);
  run("forward", async () => {
    const source = { conversationId: from.conversationId, sequences };
    for (const pending of await client.forward(to, source, { isMerged })) onGiven(pending, true);
  });
}

function contentOf(text: string, random: SeededRandom): Init<Body> {
  const payload = Uint8Array.of(random.integer(256), random.integer(256));
  switch (random.integer(6)) {
    case 0:
      return {
        rich: {
          blocks: [filled(RichBlock, { kind: "quote", spans: [filled(RichSpan, { text, isBold: true })] })],
        },
      };
    case 1:
      return {
        location: locationBody({
          latitude: random.between(-90, 90),
          longitude: random.between(-180, 180),
          name: text,
        }),
      };
    case 2:
      return { custom: { type: "poll", payload, fallbackText: text } };
    case 3:
      return { signal: { type: text, payload } };
    default:
      return { text: { text } };
  }
}

/** Also answers to what is not there, and mentions where there are none: those are refused. */
function addedTo(entry: ConversationEntry, random: SeededRandom, userIds: readonly UserId[]): Init<Body> {
  const reply = random.isTrue(0.3) ? { reply: { sequence: near(entry, random) } } : {};
  if (!random.isTrue(0.5)) return reply;
  return {
    ...reply,
    mentions: { userIds: userIds.filter(() => random.isTrue(0.3)), isAll: random.isTrue(0.3) },
  };
}

/** A place near the end, and now and then one beyond it or from before one came. */
function near({ lastSequence, firstVisible }: ConversationEntry, random: SeededRandom): number {
  if (random.isTrue(0.1)) return Math.max(1, firstVisible - 1);
  return random.between(Math.max(1, lastSequence - 8), lastSequence + (random.isTrue(0.1) ? 2 : 0));
}
