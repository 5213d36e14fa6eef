/**
 * Goal: bytes in the store that are not what was written are a value or "malformed", never another error, and a value is
 * written and read as itself; a record in the log that can be read has a verdict, however odd it is, because one that
 * throws would end every start of the server.
 */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { damagedBytes } from "@parley/base/damage";
import {
  type Init,
  type ConversationId,
  type Schema,
  type UserId,
  ConversationEntry,
  decode,
  Edit,
  emptyEntry,
  encode,
  Event,
  GroupEvent,
  MembersEvent,
  Message,
  textBody,
  JoinedEvent,
  filled,
} from "@parley/protocol";
import fc from "fast-check";
import { applyConversationRecord } from "./conversation-machine.js";
import { ConversationRecord } from "./conversation-record.js";
import {
  CardRow,
  HeadRow,
  MemberRow,
  PinRow,
  ReactionRow,
  ReactionSumRow,
  SendRow,
} from "./conversation-rows.js";
import { senderKey } from "./conversation-state.js";
import { GroupRow, JoinRequestRow, MemberChangeRow } from "./group-rows.js";
import { answer, CLASS, dissolve, join, set, setMember } from "./testing/group-records.js";
import {
  act,
  create,
  edit,
  GROUP,
  members,
  pin,
  react,
  read,
  recall,
  record,
  send,
  spread,
  stateFor,
  TENANT,
  update,
  user,
} from "./testing/records.js";
import { applyUserRecord, stepsOf, UserHeadRow, type UserState } from "./user-machine.js";
import { HideRecord, PinRecord, UserRecord } from "./user-record.js";

const RUNS = 500;

const MESSAGE = encode(Message, {
  conversationId: GROUP,
  sequence: 7,
  senderId: user("ann"),
  timeMs: 1_000,
  body: textBody("hello"),
  isCountable: true,
});
const EDIT = { revision: 1, body: textBody("hello"), editedMs: 2_000 };
const RECALLED = encode(Message, {
  ...decode(Message, MESSAGE),
  body: undefined,
  revision: 3,
  editedMs: 2_000,
  recall: { actorId: user("bob"), timeMs: 3_000 },
});
const ENTRY = encode(ConversationEntry, {
  ...emptyEntry("g:other" as ConversationId),
  lastSequence: 9,
  unread: 3,
  unreadRanges: [4, 5, 8, 9],
  isMember: true,
});
const HISTORY_ITEM = { senderId: user("ann"), timeMs: 5, messageId: "id-old" as never, text: "old" };
const RECORDS = [
  create("ann", "bob"),
  send("ann", 1),
  read("bob", 1),
  members("ann", false, "carl"),
  record({ history: { index: 0, items: [HISTORY_ITEM], isLast: true } }),
  record({ trim: { before: 2 } }),
  record({ keeping: { keepDays: 30, coldAfterDays: 7 } }),
  edit("ann", 7, "better", { limitMs: 60_000 }),
  recall("ann", 7, { limitMs: 60_000 }),
  react("ann", 7, "👍", { windowMs: 250 }),
  pin("ann", 7),
  spread(),
  update("ann", 7, 2, { userId: "bob", windowMs: 250 }),
  act("bob", 7, "a-1"),
  set("ann", { title: "Other", notice: "Monday", mutedUntilMs: 9_000 }),
  setMember("ann", { userId: "bob", role: "admin", nickname: "Bobby" }),
  join("dora", "May I?"),
  answer("ann", true, "dora"),
  dissolve("ann"),
].map((each) => encode(ConversationRecord, each));
const EVENTS = [
  { message: decode(Message, MESSAGE) },
  { read: { conversationId: GROUP, sequence: 5 } },
  { hidden: { conversationId: GROUP, sequences: [1, 2] } },
  { joined: filled(JoinedEvent, { conversationId: GROUP, title: "Team", firstVisible: 1, lastSequence: 5 }) },
  { trimmed: { conversationId: GROUP, firstVisible: 4 } },
  { changed: { message: decode(Message, RECALLED) } },
  { group: filled(GroupEvent, { conversationId: GROUP, answered: [user("ann")] }) },
  { members: filled(MembersEvent, { conversationId: GROUP, revision: 3, removed: [user("ann")] }) },
].map((each) => encode(Event, each));
const HIDE = { userId: user("ann"), conversationId: GROUP, sequences: [1, 2] };
const USER_RECORDS: readonly Init<UserRecord>[] = [
  ...EVENTS.map((event) => ({ spreads: [{ userIds: [user("ann")], event }] })),
  { hide: filled(HideRecord, HIDE) },
  { hide: filled(HideRecord, { ...HIDE, firstVisible: 2, lastSequence: 9 }) },
  { pin: filled(PinRecord, { userId: user("ann"), conversationId: GROUP, isPinned: true }) },
];
const USER_ROWS = USER_RECORDS.map((each) => encode(UserRecord, { tenantId: TENANT, timeMs: 1, ...each }));

const STORED: readonly (readonly [Schema<object>, readonly Uint8Array[]])[] = [
  [
    HeadRow,
    [
      encode(HeadRow, {
        applied: 300,
        title: "Team",
        creatorId: user("ann"),
        lastSequence: 12,
        isDirect: true,
        firstKept: 4,
        keepDays: 30,
        recent: [{ sequence: 12, senderId: user("ann"), read: 3, unread: 2, isChanged: true }],
        reading: { revision: 9, spreadMs: 1_000, isMarked: true },
        reacting: { unspread: [4, 12] },
        carding: { unspread: [4, 12] },
        pinning: { revision: 2, sequences: [5, 9] },
        group: filled(GroupRow, { revision: 3, postBy: "admins", staffIds: [user("ann")], scenario: CLASS }),
      }),
    ],
  ],
  [
    MemberRow,
    [
      encode(MemberRow, { role: "owner", firstVisible: 1, readSequence: 5, joinedMs: 1_000 }),
      encode(MemberRow, { role: "member", nickname: "Ida", fields: [{ name: "child", value: "Ida" }] }),
    ],
  ],
  [JoinRequestRow, [encode(JoinRequestRow, { userId: user("dora"), text: "May I?", timeMs: 1_000 })]],
  [CardRow, [encode(CardRow, { spreadMs: 1_000, actions: 300 })]],
  [MemberChangeRow, [encode(MemberChangeRow, { userIds: [user("ann"), user("bob")] })]],
  [SendRow, [encode(SendRow, { number: 3, clientMessageId: "c3" as never, sequence: 9, timeMs: 1_000 })]],
  [
    ReactionSumRow,
    [
      encode(ReactionSumRow, {
        revision: 3,
        items: [{ key: "👍", count: 2, userIds: [user("ann")] }],
        spreadMs: 1_000,
      }),
    ],
  ],
  [ReactionRow, [encode(ReactionRow, { keys: ["👍", "+1"], revision: 3 })]],
  [PinRow, [encode(PinRow, { actorId: user("ann"), timeMs: 1_000 })]],
  [UserHeadRow, [encode(UserHeadRow, { applied: 9, epoch: 1_700_000_000_000, pts: 12 })]],
  [ConversationEntry, [ENTRY]],
  [Message, [MESSAGE, RECALLED]],
  [Edit, [encode(Edit, EDIT)]],
  [Event, EVENTS],
  [ConversationRecord, RECORDS],
  [UserRecord, USER_ROWS],
];

for (const [schema, samples] of STORED) {
  test(`a damaged ${schema.name} is a value or malformed`, () => {
    fc.assert(
      fc.property(damagedBytes(samples), (bytes) => {
        const value = readOrRefuse(schema, bytes);
        if (value !== undefined) deepEqual(decode(schema, encode(schema, value)), value);
      }),
      { numRuns: RUNS },
    );
  });
}

test("a damaged record of a conversation that can be read has a verdict", () => {
  fc.assert(
    fc.property(damagedBytes(RECORDS), fc.boolean(), (bytes, isKnown) => {
      const odd = readOrRefuse(ConversationRecord, bytes);
      if (odd === undefined) return;
      const state = stateFor("ann", "bob", odd.send?.senderId ?? "");
      if (odd.send !== undefined) loadSender(state, odd.send);
      const target = odd.edit ?? odd.recall ?? odd.react ?? odd.pin;
      if (target !== undefined) state.targets.set(target.sequence, decode(Message, MESSAGE));
      if (isKnown) applyConversationRecord(state, create("ann", "bob"), 0);
      const { verdict } = applyConversationRecord(state, odd, 1);
      equal(["done", "sent", "refused"].includes(verdict.kind), true, verdict.kind);
    }),
    { numRuns: RUNS * 4 },
  );
});

test("a damaged record of users that can be read has a verdict", () => {
  fc.assert(
    fc.property(damagedBytes(USER_ROWS), (bytes) => {
      const odd = readOrRefuse(UserRecord, bytes);
      if (odd === undefined) return;
      let steps;
      try {
        steps = stepsOf(odd);
      } catch (error) {
        equal(failureCode(error), "malformed");
        return;
      }
      const states = new Map<UserId, UserState>();
      const { verdict } = applyUserRecord(odd, 1, steps, (userId) => {
        const head = { applied: 0, epoch: 1, pts: 0, pinned: 0 };
        const state = states.get(userId) ?? {
          tenantId: TENANT,
          userId,
          head,
          entries: new Map(),
          given: new Map(),
        };
        states.set(userId, state);
        return state;
      });
      equal(["done", "refused"].includes(verdict.kind), true, verdict.kind);
    }),
    { numRuns: RUNS * 4 },
  );
});

function loadSender(
  state: ReturnType<typeof stateFor>,
  { senderId, deviceId }: { senderId: string; deviceId: string },
): void {
  const [loaded] = state.senders.values();
  if (loaded !== undefined)
    state.senders.set(senderKey(senderId, deviceId), { ...loaded, recent: [...loaded.recent] });
}

/** The value, or undefined for what is refused as it should be. */
function readOrRefuse<T extends object>(schema: Schema<T>, bytes: Uint8Array): T | undefined {
  try {
    return decode(schema, bytes);
  } catch (error) {
    equal(failureCode(error), "malformed");
    return undefined;
  }
}
