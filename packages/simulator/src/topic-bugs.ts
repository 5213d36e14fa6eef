/** What goes wrong with the topics of large groups: see planted-bugs.ts. */
import type { Calls } from "@parley/gateway";
import { type ConversationId, Event, encode } from "@parley/protocol";
import type { PlantedBug } from "./planting.js";
import type { SeededRandom } from "./seeded-random.js";

type FeedSink = Parameters<Calls["sync"]["attach"]>[2];

const NO_EVENT = encode(Event, {});
const NOW_AND_THEN = 0.1;

interface Told {
  readonly conversationId: ConversationId;
  readonly firstPts: number;
  readonly events: readonly Uint8Array[];
}

/** What a device is told of topics goes through `change`. */
function telling(change: (told: Told, random: SeededRandom) => readonly Uint8Array[]): PlantedBug {
  return {
    calls: (calls, random) => ({
      ...calls,
      sync: {
        setPinned: (session, pin) => calls.sync.setPinned(session, pin),
        listConversations: (session, page) => calls.sync.listConversations(session, page),
        attach: (session, position, sink) => calls.sync.attach(session, position, through(sink, random)),
      },
    }),
  };

  function through(sink: FeedSink, random: SeededRandom): FeedSink {
    return {
      deviceKind: sink.deviceKind ?? "",
      push(epoch, firstPts, events, conversationId) {
        const told =
          conversationId === undefined ? events : change({ conversationId, firstPts, events }, random);
        sink.push(epoch, firstPts, told, conversationId);
      },
      ahead: (...args) => sink.ahead(...args),
      rebase: (...args) => sink.rebase(...args),
      caughtUp: (of) => sink.caughtUp(of),
      hasRoom: () => sink.hasRoom(),
      fail: () => sink.fail(),
    };
  }
}

export const TOPIC_LOSES_AN_EVENT: PlantedBug = telling(({ events }, random) =>
  random.isTrue(NOW_AND_THEN) ? [NO_EVENT, ...events.slice(1)] : events,
);

/** Whoever may not see what an event is about gets it all the same, as others did. */
export const TOPIC_TELLS_OF_BEFORE_JOINING: PlantedBug = tellingAll();

function tellingAll(): PlantedBug {
  const known = new Map<string, Uint8Array>();
  return telling(({ conversationId, firstPts, events }) =>
    events.map((event, index) => {
      const place = `${conversationId} ${firstPts + index}`;
      if (event.length > 0) known.set(place, event);
      return known.get(place) ?? event;
    }),
  );
}

/** The list says that it contains an event of the topic which it does not. */
export const LIST_IS_BEHIND_ITS_TOPIC: PlantedBug = {
  calls: (calls): Calls => ({
    ...calls,
    sync: {
      setPinned: (session, pin) => calls.sync.setPinned(session, pin),
      attach: (session, position, sink) => calls.sync.attach(session, position, sink),
      listConversations: async (session, page) => {
        const answer = await calls.sync.listConversations(session, page);
        const entries = answer.entries.map((entry) =>
          entry.topicPts > 0 ? { ...entry, topicPts: entry.topicPts + 1 } : entry,
        );
        return { ...answer, entries };
      },
    },
  }),
};
