/** What merging saves when an application updates a card many times in a burst, as one that counts votes does. */
import { Body, type ConversationId, filled, parseClientMessageId, type UserId } from "@parley/protocol";
import { type Idea, type ParleyOptions, type World, counted } from "./ablation.js";

const MEMBERS = 1_000;
const UPDATES = 200;
/** What is told goes into the queue of each member: merging alone, without what a topic saves. */
const NO_TOPICS: ParleyOptions = { sharedFromMembers: 0 };
const NOT_MERGED: ParleyOptions = { spreadMsMax: 0 };

export async function cardIdea(say: (line: string) => void): Promise<Idea> {
  say(`${UPDATES} updates of a card in a group of ${MEMBERS}, merged and not, with and without a topic`);
  const on = await counted(NO_TOPICS, burstOfUpdates);
  const off = await counted({ ...NOT_MERGED, ...NO_TOPICS }, burstOfUpdates);
  const topicOn = await counted({}, burstOfUpdates);
  const topicOff = await counted(NOT_MERGED, burstOfUpdates);
  return {
    name: "card_update",
    work: `${UPDATES} updates of a card in a group of ${MEMBERS}, all of them connected`,
    on,
    off,
    more: {
      topic_storage_ops_on: topicOn.storageOps,
      topic_events_on: topicOn.events,
      topic_storage_ops_off: topicOff.storageOps,
      topic_events_off: topicOff.events,
    },
  };
}

async function burstOfUpdates(world: World): Promise<() => Promise<void>> {
  const userIds = Array.from({ length: MEMBERS }, (_, index) => `m${index}` as UserId);
  await world.addUsers(userIds);
  const conversationId: ConversationId = await world.group(userIds);
  for (const userId of userIds) await world.connect(userId, [conversationId]);
  const { message } = world.parley;
  const session = world.session(userIds[0]!);
  const { sequence } = await message.send(session, {
    conversationId,
    clientMessageId: parseClientMessageId("card"),
    number: 1,
    body: filled(Body, { card: { content: cardOf(1), revision: 1 } }),
  });
  return async () => {
    for (let revision = 2; revision <= UPDATES + 1; revision++) {
      const content = cardOf(revision);
      await message.cards.update(session, { conversationId, sequence, userId: "", content, revision });
    }
  };
}

function cardOf(votes: number): string {
  const texts = ["Lunch at noon?", `${votes} votes`].map((text) => ({ type: "TextBlock", text }));
  return JSON.stringify({ type: "AdaptiveCard", version: "1.5", fallbackText: "Lunch?", body: texts });
}
