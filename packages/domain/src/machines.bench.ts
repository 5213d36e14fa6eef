import type { MicroBench } from "@parley/base/testing";
import { AS_SENT, Event, encode, textBody } from "@parley/protocol";
import { applyConversationRecord } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import { create, GROUP, send, stateFor, TENANT, user } from "./testing/records.js";
import { type UserState, applyUserRecord, stepsOf } from "./user-machine.js";
import type { UserRecord } from "./user-record.js";

/** Records of one batch, after which the state begins anew. */
const BATCH = 256;
const NAMES = ["ann", "bob"] as const;
const TEXT = "See you at the station at nine, and do not forget the tickets. ".repeat(3);

const CREATE = create("ann", "bob");
const SENDS = Array.from({ length: BATCH }, (_, index) => send("ann", index + 1, { body: textBody(TEXT) }));
const SPREADS = Array.from({ length: BATCH }, (_, index) => spreadOf(index + 1));

/** What is the least that could be done: a place in a Map for each, and its text as JSON for those who hear it. */
export const benches: readonly MicroBench[] = [
  {
    name: "apply a send to a conversation of two",
    baseline: "a Map and JSON.stringify",
    run: (times) => batches(times, conversationBatch),
    runBaseline: (times) => batches(times, (count) => mapBatch(SENDS, count)),
  },
  {
    name: "apply a message to two users",
    baseline: "a Map and JSON.stringify, twice",
    run: (times) => batches(times, userBatch),
    runBaseline: (times) => batches(times, (count) => mapBatch(SENDS, count) + mapBatch(SENDS, count)),
  },
];

function batches(times: number, batch: (count: number) => number): number {
  let sum = 0;
  for (let done = 0; done < times; done += BATCH) sum += batch(Math.min(BATCH, times - done));
  return sum;
}

function conversationBatch(count: number): number {
  const state = stateFor(...NAMES);
  applyConversationRecord(state, CREATE, 0);
  let sum = 0;
  for (let index = 0; index < count; index++)
    sum += applyConversationRecord(state, SENDS[index]!, index + 1).emissions.length;
  return sum;
}

function userBatch(count: number): number {
  const states = new Map(NAMES.map((name) => [user(name), stateOf(name)]));
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const record = SPREADS[index]!;
    const { outcomes } = applyUserRecord(record, index + 1, stepsOf(record), (userId) => states.get(userId)!);
    sum += outcomes.length;
  }
  return sum;
}

function mapBatch(records: readonly ConversationRecord[], count: number): number {
  const places = new Map<number, ConversationRecord>();
  let sum = 0;
  for (let index = 0; index < count; index++) {
    places.set(index, records[index]!);
    sum += JSON.stringify(records[index]!.send).length;
  }
  return sum + places.size;
}

function stateOf(name: string): UserState {
  const head = { applied: 0, epoch: 7, pts: 0, pinned: 0 };
  return { tenantId: TENANT, userId: user(name), head, entries: new Map(), given: new Map() };
}

function spreadOf(sequence: number): UserRecord {
  const event = encode(Event, {
    message: {
      conversationId: GROUP,
      sequence,
      messageId: `m${sequence}` as never,
      senderId: user("ann"),
      clientMessageId: "c" as never,
      timeMs: sequence,
      body: textBody(TEXT),
      isCountable: true,
      ...AS_SENT,
    },
  });
  const spreads = [{ userIds: NAMES.map(user), event }];
  return { tenantId: TENANT, timeMs: 5, spreads, hide: undefined, settings: undefined, pin: undefined };
}
