import assert from "node:assert/strict";
import { test } from "node:test";
import { type UserId, Event, applyEvent, decode, emptyEntry, encode } from "@parley/protocol";
import { GROUP, TENANT, user } from "./testing/records.js";
import { type UserOutcome, type UserState, applyUserRecord, stepsOf } from "./user-machine.js";
import type { UserRecord } from "./user-record.js";

class Users {
  readonly states = new Map<UserId, UserState>();

  apply(record: UserRecord, offset: number): { outcomes: readonly UserOutcome[]; kind: string } {
    const { outcomes, verdict } = applyUserRecord(record, offset, stepsOf(record), (userId) =>
      this.find(userId),
    );
    return { outcomes, kind: verdict.kind };
  }

  find(userId: UserId): UserState {
    let state = this.states.get(userId);
    if (state === undefined) {
      state = { tenantId: TENANT, userId, head: { applied: 0, epoch: 7, pts: 0 }, entries: new Map() };
      this.states.set(userId, state);
    }
    return state;
  }
}

function message(sequence: number, sender: string): Uint8Array {
  return encode(Event, {
    message: {
      conversationId: GROUP,
      sequence,
      messageId: `m${sequence}` as never,
      senderId: user(sender),
      clientMessageId: "" as never,
      timeMs: sequence,
      body: { text: { text: "hi" }, notice: undefined },
      isCountable: true,
      revision: 0,
      editedMs: 0,
      recall: undefined,
    },
  });
}

function spread(event: Uint8Array, module: string, ...names: readonly string[]): UserRecord {
  return {
    tenantId: TENANT,
    timeMs: 5,
    spreads: [{ userIds: names.map(user), event, module }],
    hide: undefined,
  };
}

function hide(name: string, ...sequences: readonly number[]): UserRecord {
  return {
    tenantId: TENANT,
    timeMs: 5,
    spreads: [],
    hide: { userId: user(name), conversationId: GROUP, sequences },
  };
}

test("U1: every receiver's queue counts 1, 2, 3 by itself", () => {
  const users = new Users();
  users.apply(spread(message(1, "ann"), "", "ann", "bob"), 0);
  users.apply(spread(message(2, "ann"), "", "ann"), 1);
  users.apply(spread(message(3, "ann"), "", "ann", "bob"), 2);
  assert.deepEqual([users.find(user("ann")).head.pts, users.find(user("bob")).head.pts], [3, 2]);
});

test("U2: a list entry equals what a device computes from the same events", () => {
  const users = new Users();
  const queue: Uint8Array[] = [];
  const records = [
    spread(message(1, "ann"), "", "bob"),
    spread(message(2, "bob"), "", "bob"),
    spread(message(3, "ann"), "", "bob"),
    hide("bob", 1),
    spread(encode(Event, { read: { conversationId: GROUP, sequence: 2 } }), "", "bob"),
  ];
  for (const [offset, record] of records.entries()) {
    for (const outcome of users.apply(record, offset).outcomes) queue.push(...outcome.events);
  }
  const onDevice = queue.reduce(
    (entry, bytes) => applyEvent(entry, decode(Event, bytes), user("bob")),
    emptyEntry(GROUP),
  );
  assert.deepEqual(users.find(user("bob")).entries.get(GROUP), onDevice);
  assert.equal(onDevice.unread, 1);
});

test("U3: a record that is applied already gives no PTS", () => {
  const users = new Users();
  const record = spread(message(1, "ann"), "", "ann", "bob");
  users.apply(record, 4);
  const again = users.apply(record, 4);
  assert.deepEqual([again.outcomes.length, users.find(user("bob")).head.pts], [0, 1]);
});

test("U4: another module's event gets a PTS and changes nothing else", () => {
  const users = new Users();
  const { outcomes } = users.apply(spread(new Uint8Array([255, 255]), "todo", "ann"), 0);
  assert.deepEqual(
    [outcomes[0]!.firstPts, outcomes[0]!.entries.size, users.find(user("ann")).entries.size],
    [1, 0, 0],
  );
});

test("hiding what one cannot see is refused and changes nothing", () => {
  const users = new Users();
  users.apply(spread(message(1, "ann"), "", "bob"), 0);
  assert.equal(users.apply(hide("bob", 2), 1).kind, "refused");
  assert.equal(users.apply(hide("eve", 1), 2).kind, "refused");
  assert.equal(users.find(user("bob")).head.pts, 1);
});

test("what was trimmed has left the list entry and cannot be hidden any more", () => {
  const users = new Users();
  const said = [1, 2, 3].map((sequence) => spread(message(sequence, "bob"), "", "ann"));
  const trimmed = encode(Event, { trimmed: { conversationId: GROUP, firstVisible: 3 } });
  const records = [...said, spread(trimmed, "", "ann"), hide("ann", 2), hide("ann", 3)];
  const kinds = records.map((record, offset) => users.apply(record, offset).kind);
  const { firstVisible, readSequence } = users.find(user("ann")).entries.get(GROUP)!;
  assert.deepEqual([kinds.slice(3), firstVisible, readSequence], [["done", "refused", "done"], 3, 2]);
});
