/** Bugs of cards. */
import type { CardCalls } from "@parley/contracts";
import { UserRecord } from "@parley/domain";
import { Event, type UserId, decode, encode } from "@parley/protocol";
import { failureCode } from "@parley/base";
import { type PlantedBug, appending, withMethods } from "./planting.js";
import type { SeededRandom } from "./seeded-random.js";

/** What comes late is given the next revision, as by a server that counts by itself. */
export const OLD_CARD_WINS = dealing((cards) => ({
  async update(session, request) {
    try {
      await cards.update(session, request);
    } catch (error) {
      if (failureCode(error) !== "card-outdated") throw error;
      await cards.update(session, { ...request, revision: request.revision + 100 });
    }
  },
}));

/** A private part goes to all who got a message of the conversation. */
export const CARD_PART_FOR_ANOTHER: PlantedBug = appending((append, name) => {
  if (name !== "user") return append;
  const receivers = new Map<string, Set<UserId>>();
  return (partition, payload, source, owner) =>
    append(partition, withPartsForAll(payload, partition, receivers), source, owner);
});

/** Some of what is done with cards is answered and goes nowhere. */
export const CARD_ACTION_IS_FORGOTTEN = dealing((cards, random) => ({
  act: async (session, request) => {
    if (!random.isTrue(0.3)) await cards.act(session, request);
  },
}));

/** Some calls about cards go another way. */
function dealing(change: (cards: CardCalls, random: SeededRandom) => Partial<CardCalls>): PlantedBug {
  return {
    calls: (calls, random) => {
      const { cards } = calls.message;
      const as: CardCalls = {
        act: (session, request) => cards.act(session, request),
        actions: (session, request) => cards.actions(session, request),
        update: (session, request) => cards.update(session, request),
      };
      return {
        ...calls,
        message: { ...withMethods(calls.message), cards: { ...as, ...change(cards, random) } },
      };
    },
  };
}

function withPartsForAll(
  payload: Uint8Array,
  partition: number,
  receivers: Map<string, Set<UserId>>,
): Uint8Array {
  const record = decode(UserRecord, payload);
  const spreads = record.spreads.map((spread) => {
    const { message, cardPart } = decode(Event, spread.event);
    const conversationId = message?.conversationId ?? cardPart?.conversationId;
    if (conversationId === undefined) return spread;
    // A record names users of its own partition only.
    const name = `${partition} ${conversationId}`;
    const known = receivers.get(name) ?? new Set();
    receivers.set(name, known);
    for (const userId of spread.userIds) known.add(userId);
    return cardPart === undefined ? spread : { ...spread, userIds: [...known] };
  });
  return encode(UserRecord, { ...record, spreads });
}
