/**
 * Directed messages: stored once, in their place in the conversation, with those who may see them. For everybody else the place is
 * void: they are told that it is taken, and of what happens to the message later nothing.
 */
import {
  type Event,
  type Init,
  type Message,
  type UserId,
  Event as EventSchema,
  encode,
} from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { TopicRow } from "./conversation-rows.js";
import type { ConversationState } from "./conversation-state.js";
import { type Verdict, refused } from "./verdict.js";

type Directed = Pick<Message, "senderId" | "audience">;

/** Whether this user, if it may see the place of the message, sees the message. */
export function seesMessage({ senderId, audience }: Directed, userId: UserId): boolean {
  return audience.length === 0 || senderId === userId || audience.includes(userId);
}

/** A message is directed to members only. Undefined: it is. */
export function refuseAudience(
  { members }: ConversationState,
  audience: readonly UserId[],
): Verdict | undefined {
  return audience.every((userId) => members.has(userId)) ? undefined : refused("bad-request");
}

/** What the topic of a large group says of a directed message besides the event itself. */
export function directedTopic(
  event: Init<Event>,
  { senderId, audience }: Directed,
): Pick<TopicRow, "senderId" | "audience"> & Partial<Pick<TopicRow, "instead">> {
  if (event.message === undefined) return { senderId, audience };
  return { senderId, audience, instead: encode(EventSchema, voidOf(event.message)) };
}

/** Tells those who see a directed message of it; of a new one the others that its place is void. */
export function tellDirected(
  step: ConversationStep,
  event: Init<Event>,
  message: Pick<Message, "sequence"> & Directed,
): void {
  const { members } = step.state;
  const told = [...new Set([message.senderId, ...message.audience])].filter((userId) => {
    const member = members.get(userId);
    return member !== undefined && member.firstVisible <= message.sequence;
  });
  step.emit(told, event);
  if (event.message === undefined) return;
  const others = [...members.keys()].filter((userId) => !seesMessage(message, userId));
  step.emit(others, voidOf(event.message));
}

function voidOf({ conversationId, sequence, timeMs }: Message): Init<Event> {
  return { voided: { conversationId, sequence, timeMs } };
}
