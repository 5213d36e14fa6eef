/**
 * The entry of a large group is fed by its topic and by the user's queue. Goal: however the two are interleaved, and whatever
 * comes twice, the entry is the same, and it is what the messages say.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { filled } from "./codec/schema.js";
import { applyEvent, emptyEntry } from "./conversation-entry.js";
import type { ConversationId, UserId } from "./ids.js";
import { SHARED_UNREAD_MAX } from "./limits.js";
import { AS_SENT, type ConversationEntry, Event, JoinedEvent, LeftEvent, Message } from "./model.js";

const GROUP = "g:large" as ConversationId;
const ME = "ann" as UserId;
const OTHER = "bob" as UserId;

const joined = filled(Event, {
  joined: filled(JoinedEvent, { conversationId: GROUP, title: "All", firstVisible: 1, isShared: true }),
});
const left = filled(Event, {
  left: { conversationId: GROUP, sequence: 3, isShared: true, title: "All", firstVisible: 2, timeMs: 77 },
});
const read = (sequence: number): Event => filled(Event, { read: { conversationId: GROUP, sequence } });
const hidden = (...sequences: number[]): Event =>
  filled(Event, { hidden: { conversationId: GROUP, sequences } });
const changed = (message: Message): Event => filled(Event, { changed: { message } });

function said(sequence: number, senderId = OTHER, isCountable = true): Message {
  return filled(Message, {
    conversationId: GROUP,
    sequence,
    senderId,
    timeMs: 1000 + sequence,
    isCountable,
    ...AS_SENT,
  });
}

const tell = (message: Message): Event => filled(Event, { message });

function after(entry: ConversationEntry, ...events: readonly Event[]): ConversationEntry {
  return events.reduce((each, event) => applyEvent(each, event, ME), entry);
}

/** What happens, as the conversation orders it. Each of a reading and a hiding is about what is there by then. */
interface Happening {
  readonly topic: readonly Event[];
  readonly queue: readonly Event[];
  readonly expected: Pick<
    ConversationEntry,
    "unreadRanges" | "readSequence" | "lastSequence" | "lastMessage"
  >;
}

type Step = { readonly kind: "say" | "mine" | "notice" | "read" | "hide" | "recall"; readonly at: number };

const STEP: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("say", "say", "say", "mine", "notice", "read", "hide", "recall"),
  at: fc.nat(20),
});

function happen(steps: readonly Step[]): Happening {
  const topic: Event[] = [];
  const queue: Event[] = [joined];
  const messages: Message[] = [];
  const gone = new Set<number>();
  let cursor = 0;
  for (const { kind, at } of steps) {
    const last = messages.length;
    const sequence = Math.max(1, last - at);
    if (kind === "say" || kind === "mine" || kind === "notice") {
      messages.push(said(last + 1, kind === "mine" ? ME : OTHER, kind !== "notice"));
      topic.push(tell(messages.at(-1)!));
    } else if (last > 0 && kind === "read" && sequence > cursor) {
      cursor = sequence;
      queue.push(read(sequence));
    } else if (last > 0 && kind === "hide") {
      gone.add(sequence);
      queue.push(hidden(sequence));
    } else if (last > 0 && kind === "recall") {
      const message = messages[sequence - 1]!;
      const recall = { actorId: OTHER, timeMs: 9 };
      messages[sequence - 1] = { ...message, revision: message.revision + 1, recall };
      topic.push(changed(messages[sequence - 1]!));
    }
  }
  const unread = messages.filter(
    ({ sequence, senderId, isCountable, recall }) =>
      sequence > cursor && senderId !== ME && isCountable && recall === undefined && !gone.has(sequence),
  );
  const last = messages.at(-1);
  return {
    topic,
    queue,
    expected: {
      unreadRanges: rangesOf(unread.map(({ sequence }) => sequence)),
      readSequence: unread.length > 0 ? unread[0]!.sequence - 1 : messages.length,
      lastSequence: messages.length,
      lastMessage: last === undefined || gone.has(last.sequence) ? undefined : last,
    },
  };
}

function rangesOf(sequences: readonly number[]): readonly number[] {
  const ranges: number[] = [];
  for (const sequence of sequences) {
    if (ranges.at(-1) === sequence - 1) ranges[ranges.length - 1] = sequence;
    else ranges.push(sequence, sequence);
  }
  return ranges;
}

/** Both in their own order; `isQueue` says which goes next. Joining comes first: nobody follows before it. */
function interleaved({ topic, queue }: Happening, isQueue: readonly boolean[]): readonly Event[] {
  const rest = [[...topic], queue.slice(1)];
  const events: Event[] = [queue[0]!];
  for (const choice of isQueue) {
    const next = rest[choice ? 1 : 0]!.shift();
    if (next !== undefined) events.push(next);
  }
  return [...events, ...rest[0]!, ...rest[1]!];
}

test("however topic and queue are interleaved, the entry is what the messages say", () => {
  fc.assert(
    fc.property(
      fc.array(STEP, { maxLength: 60 }),
      fc.array(fc.boolean(), { maxLength: 80 }),
      (steps, isQueue) => {
        const happening = happen(steps);
        const entry = after(emptyEntry(GROUP), ...interleaved(happening, isQueue));
        const { unreadRanges, readSequence, lastSequence, lastMessage } = entry;
        assert.deepEqual({ unreadRanges, readSequence, lastSequence, lastMessage }, happening.expected);
        assert.deepEqual(entry.hiddenAhead, []);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("what a list contains already changes nothing when it comes again over the queue", () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 40 }), (steps) => {
      const { topic, queue } = happen(steps);
      // As a list brings it: with everything, and the place in the topic.
      const entry = { ...after(emptyEntry(GROUP), joined, ...topic, ...queue), topicPts: topic.length };
      assert.deepEqual(after(entry, ...queue), entry);
    }),
  );
});

test("a group that has become large again in an old event keeps its place in the topic", () => {
  const shared = filled(Event, { shared: { conversationId: GROUP, topicPts: 4 } });
  const entry = after({ ...emptyEntry(GROUP), lastSequence: 6 }, shared);
  assert.deepEqual([entry.isShared, entry.topicPts], [true, 4]);
  assert.equal(after({ ...entry, topicPts: 9 }, shared).topicPts, 9);
});

test("who leaves has what the event says, however far the topic was followed", () => {
  const few = after(emptyEntry(GROUP), joined, tell(said(1)), left);
  const many = after(emptyEntry(GROUP), joined, tell(said(1)), tell(said(2)), tell(said(3)), left);
  const expected = {
    ...emptyEntry(GROUP),
    title: "All",
    firstVisible: 2,
    lastSequence: 3,
    readSequence: 3,
    isMember: false,
    updatedMs: 77,
    isShared: true,
  };
  assert.deepEqual([few, many], [expected, expected]);
});

test("who comes back begins where the joining says, though the entry stood elsewhere", () => {
  const gone = after(emptyEntry(GROUP), joined, tell(said(1)), left);
  const again = filled(Event, {
    joined: filled(JoinedEvent, {
      conversationId: GROUP,
      title: "All",
      firstVisible: 8,
      lastSequence: 7,
      isShared: true,
      topicPts: 12,
    }),
  });
  const back = after(gone, again);
  assert.deepEqual(
    [back.isMember, back.firstVisible, back.lastSequence, back.readSequence, back.topicPts, back.unread],
    [true, 8, 7, 7, 12, 0],
  );
});

test(`only the newest ${SHARED_UNREAD_MAX} sequences count as unread`, () => {
  const messages = Array.from({ length: SHARED_UNREAD_MAX + 40 }, (_, index) => tell(said(index + 1)));
  const entry = after(emptyEntry(GROUP), joined, ...messages);
  assert.deepEqual(
    [entry.unread, entry.unreadRanges, entry.readSequence],
    [SHARED_UNREAD_MAX, [41, SHARED_UNREAD_MAX + 40], 40],
  );
});

test("of a small group leaving keeps what was there", () => {
  const entry = after(
    { ...emptyEntry(GROUP), title: "Few" },
    tell(said(1)),
    filled(Event, { left: filled(LeftEvent, { conversationId: GROUP, sequence: 1 }) }),
  );
  assert.deepEqual([entry.isMember, entry.title, entry.unread], [false, "Few", 1]);
});
