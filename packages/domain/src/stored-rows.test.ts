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
  type ConversationId,
  type Schema,
  type UserId,
  ConversationEntry,
  decode,
  Edit,
  emptyEntry,
  encode,
  Event,
  Message,
} from "@parley/protocol";
import fc from "fast-check";
import { applyConversationRecord } from "./conversation-machine.js";
import { ConversationRecord } from "./conversation-record.js";
import { HeadRow, MemberRow, SendRow } from "./conversation-rows.js";
import { senderKey } from "./conversation-state.js";
import {
  create,
  edit,
  GROUP,
  members,
  read,
  recall,
  record,
  send,
  stateFor,
  TENANT,
  user,
} from "./testing/records.js";
import { applyUserRecord, stepsOf, UserHeadRow, type UserState } from "./user-machine.js";
import { UserRecord } from "./user-record.js";

const RUNS = 500;

const MESSAGE = encode(Message, {
  conversationId: GROUP,
  sequence: 7,
  senderId: user("ann"),
  timeMs: 1_000,
  body: { text: { text: "hello" }, notice: undefined },
  isCountable: true,
});
const EDIT = { revision: 1, body: { text: { text: "hello" }, notice: undefined }, editedMs: 2_000 };
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
].map((each) => encode(ConversationRecord, each));
const EVENTS = [
  { message: decode(Message, MESSAGE) },
  { read: { conversationId: GROUP, sequence: 5 } },
  { hidden: { conversationId: GROUP, sequences: [1, 2] } },
  { joined: { conversationId: GROUP, title: "Team", firstVisible: 1, lastSequence: 5, timeMs: 1 } },
  { trimmed: { conversationId: GROUP, firstVisible: 4 } },
  { changed: { message: decode(Message, RECALLED) } },
].map((each) => encode(Event, each));
const USER_RECORDS = [
  ...EVENTS.map((event) => ({ spreads: [{ userIds: [user("ann")], event, module: "" }] })),
  { hide: { userId: user("ann"), conversationId: GROUP, sequences: [1, 2] } },
].map((each) => encode(UserRecord, { tenantId: TENANT, timeMs: 1, ...each }));

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
      }),
    ],
  ],
  [MemberRow, [encode(MemberRow, { role: "owner", firstVisible: 1, readSequence: 5, joinedMs: 1_000 })]],
  [SendRow, [encode(SendRow, { number: 3, clientMessageId: "c3" as never, sequence: 9, timeMs: 1_000 })]],
  [UserHeadRow, [encode(UserHeadRow, { applied: 9, epoch: 1_700_000_000_000, pts: 12 })]],
  [ConversationEntry, [ENTRY]],
  [Message, [MESSAGE, RECALLED]],
  [Edit, [encode(Edit, EDIT)]],
  [Event, EVENTS],
  [ConversationRecord, RECORDS],
  [UserRecord, USER_RECORDS],
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
      const target = odd.edit ?? odd.recall;
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
    fc.property(damagedBytes(USER_RECORDS), (bytes) => {
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
        const head = { applied: 0, epoch: 1, pts: 0 };
        const state = states.get(userId) ?? { tenantId: TENANT, userId, head, entries: new Map() };
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
