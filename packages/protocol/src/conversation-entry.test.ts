import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UNREAD_RANGES_MAX, applyEvent, conversationOf, emptyEntry } from "./conversation-entry.js";
import type { ClientMessageId, ConversationId, MessageId, UserId } from "./ids.js";
import {
  AS_SENT,
  Body,
  type ConversationEntry,
  Event,
  GroupEvent,
  JoinedEvent,
  MembersEvent,
  LeftEvent,
  type Message,
  textBody,
} from "./model.js";
import { filled } from "./codec/schema.js";
import { GroupInfo, GroupSettings } from "./group.js";
import { MENTIONS_UNREAD_MAX } from "./limits.js";
import { EntryModel } from "./testing/entry-model.js";

const GROUP = "g:team" as ConversationId;
const ME = "ann" as UserId;
const OTHER = "bob" as UserId;

const NOTHING: Event = filled(Event, {});

function messageAt(sequence: number, change: Partial<Message> = {}): Message {
  return {
    conversationId: GROUP,
    sequence,
    messageId: `M${sequence}` as MessageId,
    senderId: OTHER,
    clientMessageId: `c${sequence}` as ClientMessageId,
    timeMs: 1000 + sequence,
    body: textBody("x"),
    isCountable: true,
    ...AS_SENT,
    ...change,
  };
}

const said = (sequence: number, change?: Partial<Message>): Event => ({
  ...NOTHING,
  message: messageAt(sequence, change),
});
const mine = (sequence: number): Event => said(sequence, { senderId: ME });
const read = (sequence: number): Event => ({ ...NOTHING, read: { conversationId: GROUP, sequence } });
const hidden = (...sequences: number[]): Event => ({
  ...NOTHING,
  hidden: { conversationId: GROUP, sequences },
});
const joined = (lastSequence: number, firstVisible = 1): Event => ({
  ...NOTHING,
  joined: filled(JoinedEvent, {
    conversationId: GROUP,
    title: "Team",
    firstVisible,
    lastSequence,
    timeMs: 500,
  }),
});
const left: Event = { ...NOTHING, left: filled(LeftEvent, { conversationId: GROUP }) };
const renamed = (revision: number, title = `Team ${revision}`): Event => ({
  ...NOTHING,
  group: filled(GroupEvent, {
    conversationId: GROUP,
    info: filled(GroupInfo, { revision, settings: filled(GroupSettings, { title }) }),
  }),
});
const changedMembers = (revision: number): Event => ({
  ...NOTHING,
  members: filled(MembersEvent, { conversationId: GROUP, revision }),
});
const advanced = (lastSequence: number, lastMessage?: Message): Event => ({
  ...NOTHING,
  advanced: { conversationId: GROUP, lastSequence, lastMessage },
});
const trimmed = (firstVisible: number): Event => ({
  ...NOTHING,
  trimmed: { conversationId: GROUP, firstVisible },
});
const edited = (sequence: number, revision: number, body: Body = textBody("x")): Event => ({
  ...NOTHING,
  changed: { message: messageAt(sequence, { revision, editedMs: 5000, body }) },
});
const voided = (sequence: number): Event => ({
  ...NOTHING,
  voided: { conversationId: GROUP, sequence, timeMs: 9 },
});
const TO_ME = filled(Body, { text: { text: "@ann" }, mentions: { userIds: [ME], isAll: false } });
const TO_ALL = filled(Body, { text: { text: "@all" }, mentions: { userIds: [], isAll: true } });
const TO_BOB = filled(Body, { text: { text: "@bob" }, mentions: { userIds: [OTHER], isAll: false } });
const SIGNAL = filled(Body, { signal: { type: "typing", payload: Uint8Array.of(1) } });
const BODIES = [textBody("x"), textBody("y"), TO_ME, TO_ALL, TO_BOB];
const recalled = (sequence: number, revision: number): Event => ({
  ...NOTHING,
  changed: {
    message: messageAt(sequence, { revision, body: undefined, recall: { actorId: OTHER, timeMs: 5000 } }),
  },
});

function after(...events: Event[]): ConversationEntry {
  return events.reduce((entry, event) => applyEvent(entry, event, ME), emptyEntry(GROUP));
}

function unreadAfter(...events: Event[]): { ranges: readonly number[]; unread: number; read: number } {
  const { unreadRanges, unread, readSequence } = after(...events);
  return { ranges: unreadRanges, unread, read: readSequence };
}

test("messages of others extend the last range", () => {
  assert.deepEqual(unreadAfter(said(1), said(2), said(3)), { ranges: [1, 3], unread: 3, read: 0 });
});

test("one's own messages and notices are never unread, and part the ranges", () => {
  assert.deepEqual(unreadAfter(said(1), mine(2), said(3), said(4, { isCountable: false }), said(5)), {
    ranges: [1, 1, 3, 3, 5, 5],
    unread: 3,
    read: 0,
  });
});

test("who has read everything has also read what they write themselves", () => {
  assert.deepEqual(unreadAfter(said(1), read(1), mine(2)), { ranges: [], unread: 0, read: 2 });
});

test("reading cuts from below, also within a range, and never goes back", () => {
  assert.deepEqual(unreadAfter(said(1), said(2), said(3), mine(4), said(5), read(2), read(1)), {
    ranges: [3, 3, 5, 5],
    unread: 2,
    read: 2,
  });
});

test("reading ends at the last message", () => {
  assert.deepEqual(unreadAfter(said(1), read(99), said(2)), { ranges: [2, 2], unread: 1, read: 1 });
});

test("deleting for me cuts a hole, and takes the last message from the entry", () => {
  const entry = after(said(1), said(2), said(3), hidden(2, 3));
  assert.deepEqual([entry.unreadRanges, entry.unread, entry.lastMessage], [[1, 1], 1, undefined]);
});

test("deleting what is read or unknown changes nothing", () => {
  const entry = after(said(1), said(2), read(1));
  assert.equal(applyEvent(entry, hidden(1, 77), ME), entry);
});

test("who joins sees the title and has nothing unread; what was before counts as read", () => {
  assert.deepEqual(after(joined(40, 41)), {
    ...emptyEntry(GROUP),
    title: "Team",
    firstVisible: 41,
    lastSequence: 40,
    readSequence: 40,
    updatedMs: 500,
  });
});

test("who leaves keeps the entry, and who comes back has nothing unread", () => {
  const [gone, back] = [after(joined(0), said(1), left), after(joined(0), said(1), left, joined(9))];
  assert.deepEqual(
    [gone.isMember, gone.unread, back.isMember, back.unread, back.lastSequence],
    [false, 1, true, 0, 9],
  );
});

test("imported history moves the end, and who had read everything still has", () => {
  const [whole, partly] = [after(said(1), read(1), advanced(9)), after(said(1), advanced(9, messageAt(9)))];
  assert.deepEqual(
    [
      whole.readSequence,
      whole.lastSequence,
      partly.readSequence,
      partly.unread,
      partly.lastMessage?.sequence,
    ],
    [9, 9, 0, 1, 9],
  );
});

test("what is trimmed is read, and the newest message stays", () => {
  const entry = after(said(1), said(2), mine(3), said(4), trimmed(4));
  assert.deepEqual(
    [entry.firstVisible, entry.readSequence, entry.unreadRanges, entry.unread, entry.lastMessage?.sequence],
    [4, 3, [4, 4], 1, 4],
  );
});

test("a trim below what is gone already changes nothing, nor does it for who joined above it", () => {
  const [entry, joiner] = [after(said(1), said(2), said(3), trimmed(3)), after(joined(9, 10), said(10))];
  assert.deepEqual(
    [applyEvent(entry, trimmed(2), ME) === entry, applyEvent(joiner, trimmed(5), ME) === joiner],
    [true, true],
  );
});

test("a last message that is gone is not shown either", () => {
  const entry = after(said(1), advanced(9), trimmed(9));
  assert.deepEqual([entry.lastMessage, entry.lastSequence], [undefined, 9]);
});

test("a trim beyond the end of what this entry knows reads to its end", () => {
  assert.deepEqual(unreadAfter(said(1), said(2), trimmed(9)), { ranges: [], unread: 0, read: 2 });
});

test("an edit shows in the last message, and counts nothing", () => {
  const entry = after(said(1), said(2), edited(1, 1), edited(2, 1));
  assert.deepEqual([entry.lastMessage?.revision, entry.unreadRanges, entry.updatedMs], [1, [1, 2], 1002]);
});

test("what is recalled is not waited for any more, and the last message says so", () => {
  const entry = after(said(1), said(2), said(3), recalled(2, 1), recalled(3, 4));
  assert.deepEqual(
    [entry.unreadRanges, entry.unread, entry.lastMessage?.recall?.actorId, entry.lastMessage?.body],
    [[1, 1], 1, OTHER, undefined],
  );
});

test("an older revision after a newer one changes nothing, and a hidden last message does not come back", () => {
  const [entry, hiding] = [after(said(1), recalled(1, 2)), after(said(1), hidden(1))];
  assert.deepEqual(
    [
      applyEvent(entry, edited(1, 1), ME) === entry,
      applyEvent(entry, recalled(1, 2), ME) === entry,
      applyEvent(hiding, edited(1, 1), ME) === hiding,
    ],
    [true, true, true],
  );
});

test("unread messages that mention me or all are marked, until they are read, hidden or recalled", () => {
  const marked = after(
    said(1, { body: TO_ME }),
    said(2, { body: TO_BOB }),
    said(3, { body: TO_ALL }),
    said(4, { body: TO_ME }),
    said(5, { body: TO_ME }),
    said(6, { body: TO_ME, senderId: ME }),
  );
  const rest = [read(1), hidden(3), recalled(4, 1)].map(
    (event) => applyEvent(marked, event, ME).unreadMentions,
  );
  assert.deepEqual(
    [marked.unreadMentions, ...rest],
    [
      [1, 3, 4, 5],
      [3, 4, 5],
      [1, 4, 5],
      [1, 3, 5],
    ],
  );
});

test("an edit that mentions me marks an unread message and no other, and one that does not takes the mark", () => {
  const entry = after(said(1), said(2), said(3, { body: TO_ME }), read(1));
  const events = [edited(1, 1, TO_ME), edited(2, 1, TO_ALL), edited(3, 1, TO_BOB)];
  assert.deepEqual(
    events.map((event) => applyEvent(entry, event, ME).unreadMentions),
    [[3], [2, 3], []],
  );
});

test(`at most ${MENTIONS_UNREAD_MAX} mentions are marked, the newest`, () => {
  const entry = after(
    ...Array.from({ length: MENTIONS_UNREAD_MAX + 2 }, (_, index) => said(index + 1, { body: TO_ALL })),
  );
  assert.deepEqual(
    [entry.unreadMentions.length, entry.unreadMentions[0], entry.unread],
    [MENTIONS_UNREAD_MAX, 3, MENTIONS_UNREAD_MAX + 2],
  );
});

test("a void place and a signal move the end and nothing that is shown", () => {
  const entry = after(said(1), read(1), voided(2), said(3), voided(4), said(5, { body: SIGNAL }));
  assert.deepEqual(
    [
      entry.lastSequence,
      entry.readSequence,
      entry.unreadRanges,
      entry.lastMessage?.sequence,
      entry.updatedMs,
    ],
    [5, 2, [3, 3], 3, 1003],
  );
});

test("an event of an unknown kind changes nothing and is about no conversation", () => {
  const entry = after(said(1));
  assert.deepEqual([applyEvent(entry, NOTHING, ME) === entry, conversationOf(NOTHING)], [true, undefined]);
});

test("every event names its conversation", () => {
  const events = [said(1), read(1), hidden(1), joined(1), left, advanced(1), trimmed(2)];
  events.push(edited(1, 1), voided(1), renamed(2), changedMembers(2));
  assert.deepEqual(
    events.map(conversationOf),
    events.map(() => GROUP),
  );
});

test("a list that is ahead of the events behind it keeps the newer title, whatever joining was told with", () => {
  const ahead = { ...emptyEntry(GROUP), title: "Team 3", groupRevision: 3, membersRevision: 4 };
  const again = [joined(0), renamed(2), changedMembers(2), renamed(3), changedMembers(4)];
  const entry = again.reduce((before, event) => applyEvent(before, event, ME), ahead);
  assert.deepEqual([entry.title, entry.groupRevision, entry.membersRevision], ["Team 3", 3, 4]);
});

test(`at most ${UNREAD_RANGES_MAX} ranges are kept, and the oldest go first`, () => {
  const entry = after(
    ...Array.from({ length: UNREAD_RANGES_MAX + 2 }, (_, index) => [
      said(2 * index + 1),
      mine(2 * index + 2),
    ]).flat(),
  );
  assert.deepEqual(
    [entry.unreadRanges.length, entry.unread, entry.unreadRanges.slice(0, 2)],
    [UNREAD_RANGES_MAX * 2, UNREAD_RANGES_MAX, [5, 5]],
  );
});

test("a hole that makes one range too many drops the oldest", () => {
  const parts = Array.from({ length: UNREAD_RANGES_MAX - 1 }, (_, index) => [
    said(2 * index + 1),
    mine(2 * index + 2),
  ]);
  const next = 2 * UNREAD_RANGES_MAX - 1;
  const before = [
    ...parts.flat(),
    said(next),
    said(next + 1),
    said(next + 2),
    said(next + 3),
    said(next + 4),
  ];
  const full = after(...before);
  const cut = after(...before, hidden(next + 1, next + 3));
  assert.deepEqual(
    [full.unreadRanges.length / 2, cut.unreadRanges.length / 2, full.unreadRanges[0], cut.unreadRanges[0]],
    [UNREAD_RANGES_MAX, UNREAD_RANGES_MAX, 1, 5],
  );
});

test("who pins what is pinned leaves it in its place, and leaving a group keeps it there", () => {
  const pinned = (pinnedMs: number): Event => ({
    ...NOTHING,
    listPinned: { conversationId: GROUP, pinnedMs },
  });
  const sharedLeft: Event = {
    ...NOTHING,
    left: filled(LeftEvent, { conversationId: GROUP, isShared: true }),
  };
  const of = (...events: readonly Event[]): number => after(...events).pinnedMs;
  assert.deepEqual(
    {
      ever: of(said(1)),
      pinned: of(pinned(7), said(1)),
      again: of(pinned(7), pinned(9)),
      unpinned: of(pinned(7), pinned(0), pinned(0)),
      anew: of(pinned(7), pinned(0), pinned(9)),
      left: [of(pinned(7), left), of(pinned(7), sharedLeft)],
      about: conversationOf(pinned(7)),
    },
    { ever: 0, pinned: 7, again: 7, unpinned: 0, anew: 9, left: [7, 7], about: GROUP },
  );
});

/** What may happen next; sequences are relative to the last one, so that most events matter. */
type Step = (last: number) => readonly Event[];

const back = fc.nat({ max: 12 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        isMine: fc.boolean(),
        isCountable: fc.boolean(),
        ahead: fc.integer({ min: -2, max: 1 }),
        body: fc.constantFrom(...BODIES, SIGNAL),
      })
      .map(({ isMine, isCountable, ahead, body }): Step => (last) => [
        said(Math.max(1, last + ahead), {
          senderId: isMine ? ME : OTHER,
          isCountable: isCountable && body !== SIGNAL,
          body,
        }),
      ]),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: -2, max: 2 }).map((by): Step => (last) => [voided(last + by)]),
  },
  // Enough to pass the limit of mentions.
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 120 }).map(
      (count): Step =>
        (last) =>
          Array.from({ length: count }, (_, index) => said(last + 1 + index, { body: TO_ALL })),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat({ max: 5 }).map(
      (count): Step =>
        (last) =>
          Array.from({ length: count }, (_, index) => said(last + 1 + index)),
    ),
  },
  // Enough to pass the limit of ranges.
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 150 }).map(
      (count): Step =>
        (last) =>
          Array.from({ length: count }, (_, index) => [
            said(last + 1 + 2 * index),
            mine(last + 2 + 2 * index),
          ]).flat(),
    ),
  },
  {
    weight: 2,
    arbitrary: back.map((by): Step => (last) => [read(Math.max(0, last + 2 - by))]),
  },
  {
    weight: 3,
    arbitrary: fc.array(fc.nat({ max: 40 }), { maxLength: 5 }).map((all): Step => (last) => [
      hidden(...all.map((by) => Math.max(1, last - by))),
    ]),
  },
  {
    weight: 1,
    arbitrary: back.map((by): Step => (last) => [joined(Math.max(0, last + 3 - by))]),
  },
  { weight: 1, arbitrary: fc.constant<Step>(() => [left]) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 })).map(([group, members]): Step => () => [
      renamed(group),
      changedMembers(members),
    ]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(back, fc.nat({ max: 3 }), fc.boolean(), fc.constantFrom(...BODIES))
      .map(([by, revision, isRecalled, body]): Step => (last) => {
        const sequence = Math.max(1, last + 1 - by);
        return [isRecalled ? recalled(sequence, revision) : edited(sequence, revision, body)];
      }),
  },
  {
    weight: 1,
    arbitrary: back.map((by): Step => (last) => [trimmed(Math.max(0, last + 2 - by))]),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(back, fc.boolean()).map(([by, withMessage]): Step => (last) => {
      const to = Math.max(1, last + 6 - by);
      return [advanced(to, withMessage ? messageAt(to, { isCountable: false }) : undefined)];
    }),
  },
);

test("any events give what a naive model gives, and each given twice changes nothing", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const model = new EntryModel(emptyEntry(GROUP), ME);
      let entry = emptyEntry(GROUP);
      for (const next of steps) {
        for (const event of next(entry.lastSequence)) {
          entry = applyEvent(entry, event, ME);
          model.apply(event);
          assert.deepEqual(applyEvent(entry, event, ME), entry);
        }
        assert.deepEqual(entry, model.entry);
        assert.ok(entry.unreadRanges.length <= UNREAD_RANGES_MAX * 2);
      }
    }),
    { numRuns: 300 },
  );
});
