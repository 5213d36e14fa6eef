import { equal, match } from "node:assert/strict";
import { test } from "node:test";
import {
  applyEvent,
  type ClientMessageId,
  type ConversationEntry,
  type ConversationId,
  emptyEntry,
  type Message,
  type MessageId,
  type UserId,
} from "@parley/protocol";
import type { SentText } from "./device.js";
import { isSameList, judge } from "./judge.js";

const CHAT = "d:anna:bert" as ConversationId;
const [ANNA, BERT] = ["anna" as UserId, "bert" as UserId];
const NO_EVENT = {
  read: undefined,
  hidden: undefined,
  joined: undefined,
  left: undefined,
  advanced: undefined,
};

/** As a UserView, but open to the changes that a test makes. */
interface DraftDevice {
  name: string;
  sent: SentText[];
  entries: ConversationEntry[];
  messages: Map<ConversationId, Message[]>;
}
interface DraftUser {
  userId: UserId;
  fresh: { entries: ConversationEntry[]; messages: Map<ConversationId, Message[]> };
  devices: [DraftDevice, DraftDevice];
  hidden: Map<ConversationId, Set<number>>;
  maybeHidden: Map<ConversationId, Set<number>>;
}
interface World {
  anna: DraftUser;
  bert: DraftUser;
}

function message(sequence: number, senderId = ANNA, text = `text ${sequence}`): Message {
  return {
    conversationId: CHAT,
    sequence,
    messageId: `m${sequence}` as MessageId,
    senderId,
    clientMessageId: `c${sequence}` as ClientMessageId,
    timeMs: 1_000 + sequence,
    body: { text: { text }, notice: undefined },
    isCountable: true,
  };
}

/** Anna has sent three messages to Bert, who has read none. All is right. */
function rightWorld(): World {
  const user = (userId: UserId): DraftUser => {
    const messages = [1, 2, 3].map((sequence) => message(sequence));
    const entry = messages.reduce(
      (before, each) => applyEvent(before, { ...NO_EVENT, message: each }, userId),
      emptyEntry(CHAT),
    );
    const device = (name: string): DraftDevice => ({
      name,
      sent: [],
      entries: [entry],
      messages: new Map([[CHAT, [...messages]]]),
    });
    const fresh = { entries: [entry], messages: new Map([[CHAT, [...messages]]]) };
    const devices: [DraftDevice, DraftDevice] = [device(`${userId}/0`), device(`${userId}/1`)];
    return { userId, fresh, devices, hidden: new Map(), maybeHidden: new Map() };
  };
  const world = { anna: user(ANNA), bert: user(BERT) };
  const sent = (number: number): SentText => ({
    conversationId: CHAT,
    clientMessageId: `c${number}`,
    text: `text ${number}`,
  });
  world.anna.devices[0].sent.push(sent(1), sent(2));
  world.anna.devices[1].sent.push(sent(3));
  return world;
}

/** Changes what a user sees, on the server and on both devices, so that only a rule about content can complain. */
function see(user: DraftUser, messages: readonly Message[]): void {
  user.fresh.messages.set(CHAT, [...messages]);
  for (const device of user.devices) device.messages.set(CHAT, [...messages]);
}

function setEntry(user: DraftUser, change: Partial<ConversationEntry>): void {
  const entries = user.fresh.entries.map((entry) => ({ ...entry, ...change }));
  user.fresh.entries = entries;
  for (const device of user.devices) device.entries = entries;
}

const BERT_UNREAD_2 = { unread: 2, unreadRanges: [1, 1, 3, 3] };
const all = (...messages: readonly Message[]): readonly Message[] => messages;

const fine: readonly [string, (world: World) => void][] = [
  ["a world where all is right", () => undefined],
  [
    "a deleted message that is gone",
    ({ bert }) => {
      bert.hidden.set(CHAT, new Set([2]));
      see(bert, all(message(1), message(3)));
      setEntry(bert, BERT_UNREAD_2);
    },
  ],
  [
    "a user who has left, whose devices hold what they had",
    ({ bert }) => {
      setEntry(bert, { isMember: false, lastSequence: 2 });
      bert.fresh.messages.delete(CHAT);
      bert.devices[1].messages.delete(CHAT);
    },
  ],
  [
    "a deletion without an answer that did not happen",
    ({ bert }) => bert.maybeHidden.set(CHAT, new Set([2])),
  ],
  [
    "a deletion without an answer that happened",
    ({ bert }) => {
      bert.maybeHidden.set(CHAT, new Set([2]));
      see(bert, all(message(1), message(3)));
      setEntry(bert, BERT_UNREAD_2);
    },
  ],
];

const wrong: readonly [string, (world: World) => void, RegExp][] = [
  [
    "a message that a device does not hold",
    ({ bert }) => bert.devices[1].messages.set(CHAT, [message(1), message(3)]),
    /^bert\/1: .* differs .*2 held, 3 shown, first at 1: 3 and 2/,
  ],
  [
    "a message that a device holds twice",
    ({ bert }) => bert.devices[0].messages.set(CHAT, [message(1), message(2), message(2), message(3)]),
    /^bert\/0: .* differs .*4 held, 3 shown, first at 2: 2 and 3/,
  ],
  [
    "a device with messages in another order",
    ({ bert }) => bert.devices[0].messages.set(CHAT, [message(1), message(3), message(2)]),
    /^bert\/0: .* differs/,
  ],
  [
    "a device with another text",
    ({ bert }) => bert.devices[0].messages.set(CHAT, [message(1), message(2, ANNA, "tampered"), message(3)]),
    /^bert\/0: .* differs/,
  ],
  [
    "a device that holds more than there is",
    ({ bert }) => bert.devices[0].messages.get(CHAT)?.push(message(4)),
    /^bert\/0: .* differs .*4 held, 3 shown, first at 3: 4 and nothing/,
  ],
  [
    "a message that is missing for one user",
    ({ bert }) => {
      see(bert, all(message(1), message(3)));
      setEntry(bert, BERT_UNREAD_2);
    },
    /^bert in .*: 2 is missing/,
  ],
  [
    "a message that is missing for all",
    ({ anna, bert }) => {
      for (const user of [anna, bert]) {
        see(user, all(message(1), message(2)));
        setEntry(user, { lastSequence: 2 });
      }
      setEntry(bert, { unread: 2, unreadRanges: [1, 2] });
    },
    /^anna\/1: c3 in .* is lost/,
  ],
  [
    "a message that was placed twice",
    ({ anna, bert }) => {
      const again = { ...message(4), clientMessageId: "c3" as ClientMessageId };
      for (const user of [anna, bert]) {
        see(user, all(message(1), message(2), message(3), again));
        setEntry(user, { lastSequence: 4 });
      }
      setEntry(bert, { unread: 4, unreadRanges: [1, 4] });
    },
    /^anna\/1: c3 in .* is there 2 times/,
  ],
  [
    "a message id at two places",
    ({ anna, bert }) => {
      const other = { ...message(3), messageId: "m1" as MessageId };
      for (const user of [anna, bert]) see(user, all(message(1), message(2), other));
    },
    /^Message m1 is at d:anna:bert 1 and d:anna:bert 3/,
  ],
  [
    "two users who see different messages at one place",
    ({ bert }) => see(bert, all(message(1), { ...message(2), timeMs: 7 }, message(3))),
    /^bert sees another message at d:anna:bert 2/,
  ],
  [
    "a text that is another for all",
    ({ anna, bert }) => {
      for (const user of [anna, bert]) see(user, all(message(1), message(2, ANNA, "tampered"), message(3)));
    },
    /^anna\/0: c2 in .* has another text/,
  ],
  [
    "a text that nobody sent",
    ({ anna }) => anna.devices[1].sent.splice(0),
    /^Nobody sent d:anna:bert anna c3/,
  ],
  [
    "texts in another order than given",
    ({ anna }) => (anna.devices[0].sent = anna.devices[0].sent.toReversed()),
    /^anna\/0: c1 in .* came too late/,
  ],
  [
    "a deleted message that is shown",
    ({ bert }) => bert.hidden.set(CHAT, new Set([2])),
    /^bert in .*: 2 was deleted and is shown/,
  ],
  [
    "an unread count that is wrong everywhere",
    ({ bert }) => setEntry(bert, { unread: 2 }),
    /^bert in .*: unread is 2, a recount gives 3/,
  ],
  [
    "an unread count that is wrong on one device",
    ({ bert }) =>
      (bert.devices[1].entries = bert.devices[1].entries.map((entry) => ({ ...entry, unread: 2 }))),
    /^bert\/1: entry .*"unread":2.* and not .*"unread":3/,
  ],
  [
    "a conversation that is not in the list of a device",
    ({ bert }) => (bert.devices[1].entries = []),
    /^bert\/1: entry d:anna:bert is undefined and not/,
  ],
  [
    "a list that ends before its history",
    ({ bert }) => setEntry(bert, { lastSequence: 2 }),
    /^bert in .*: history leaves 1 to 2/,
  ],
  [
    "a history that is not ascending",
    ({ bert }) => see(bert, all(message(1), message(3), message(2))),
    /^bert in .*: history is not ascending/,
  ],
  [
    "a list that is not in the order of change",
    ({ bert }) => {
      const later = { ...emptyEntry("g:later" as ConversationId), updatedMs: 9_000 };
      bert.fresh.entries = [later, ...bert.fresh.entries];
      for (const device of bert.devices) device.entries = [later, ...device.entries];
      bert.devices[1].entries.reverse();
    },
    /^bert\/1: the list is not in the order of change/,
  ],
];

for (const [what, change] of fine) {
  test(`the judge accepts ${what}`, () => {
    const world = rightWorld();
    change(world);
    equal(judge([world.anna, world.bert]).join("\n"), "");
  });
}

for (const [what, change, complaint] of wrong) {
  test(`the judge sees ${what}, and nothing else`, () => {
    const world = rightWorld();
    change(world);
    const complaints = judge([world.anna, world.bert]);
    match(complaints.join("\n"), complaint);
    equal(complaints.length, 1, complaints.join("\n"));
  });
}

test("lists are the same when their entries are, whatever their order", () => {
  const { fresh } = rightWorld().anna;
  const more = [...fresh.entries, emptyEntry("g:more" as ConversationId)];
  equal(isSameList(more, more.toReversed()), true);
  equal(isSameList(more, fresh.entries), false);
});
