import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Body,
  type ConversationId,
  type UserId,
  Event,
  type Init,
  JoinedEvent,
  LeftEvent,
  LIST_PINS_MAX,
  ModuleEvent,
  type ModuleName,
  NotifySettingsEvent,
  DoNotDisturb,
  applyEvent,
  decode,
  emptyEntry,
  encode,
  filled,
  textBody,
  AS_SENT,
} from "@parley/protocol";
import { GROUP, TENANT, user } from "./testing/records.js";
import { type UserOutcome, type UserState, applyUserRecord, stepsOf } from "./user-machine.js";
import { HideRecord, UserRecord as UserRecordSchema, type UserRecord } from "./user-record.js";

class Users {
  readonly states = new Map<UserId, UserState>();

  apply(record: UserRecord, offset: number): { outcomes: readonly UserOutcome[]; kind: string } {
    const { outcomes, verdict } = applyUserRecord(record, offset, stepsOf(record), (userId) =>
      this.find(userId),
    );
    return { outcomes, kind: verdict.kind };
  }

  verdictOf(record: UserRecord, offset: number): ReturnType<typeof applyUserRecord> {
    return applyUserRecord(record, offset, stepsOf(record), (userId) => this.find(userId));
  }

  find(userId: UserId): UserState {
    let state = this.states.get(userId);
    if (state === undefined) {
      state = {
        tenantId: TENANT,
        userId,
        head: { applied: 0, epoch: 7, pts: 0, pinned: 0 },
        entries: new Map(),
        given: new Map(),
      };
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
      body: textBody("hi"),
      isCountable: true,
      ...AS_SENT,
    },
  });
}

function spread(event: Uint8Array, ...names: readonly string[]): UserRecord {
  return {
    tenantId: TENANT,
    timeMs: 5,
    spreads: [{ userIds: names.map(user), event }],
    hide: undefined,
    settings: undefined,
    pin: undefined,
  };
}

function hide(name: string, ...sequences: readonly number[]): UserRecord {
  return {
    tenantId: TENANT,
    timeMs: 5,
    spreads: [],
    hide: filled(HideRecord, { userId: user(name), conversationId: GROUP, sequences }),
    settings: undefined,
    pin: undefined,
  };
}

test("U1: every receiver's queue counts 1, 2, 3 by itself", () => {
  const users = new Users();
  users.apply(spread(message(1, "ann"), "ann", "bob"), 0);
  users.apply(spread(message(2, "ann"), "ann"), 1);
  users.apply(spread(message(3, "ann"), "ann", "bob"), 2);
  assert.deepEqual([users.find(user("ann")).head.pts, users.find(user("bob")).head.pts], [3, 2]);
});

test("U2: a list entry equals what a device computes from the same events", () => {
  const users = new Users();
  const queue: Uint8Array[] = [];
  const records = [
    spread(message(1, "ann"), "bob"),
    spread(message(2, "bob"), "bob"),
    spread(message(3, "ann"), "bob"),
    hide("bob", 1),
    spread(encode(Event, { read: { conversationId: GROUP, sequence: 2 } }), "bob"),
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
  const record = spread(message(1, "ann"), "ann", "bob");
  users.apply(record, 4);
  const again = users.apply(record, 4);
  assert.deepEqual([again.outcomes.length, users.find(user("bob")).head.pts], [0, 1]);
});

function published(id: string, collapseKey = ""): Uint8Array {
  const data = new Uint8Array([255, 255]);
  return encode(Event, {
    module: filled(ModuleEvent, { module: "todo" as ModuleName, id, data, collapseKey }),
  });
}

test("U4: an event of a module gets a PTS and changes nothing of the list", () => {
  const users = new Users();
  const { outcomes } = users.apply(spread(published("e-1", "key"), "ann"), 0);
  const { firstPts, entries, modules } = outcomes[0]!;
  assert.deepEqual(
    [firstPts, entries.size, users.find(user("ann")).entries.size, modules],
    [1, 0, 0, [{ module: "todo", id: "e-1", collapseKey: "key", pts: 1, isOnce: true }]],
  );
});

test("U4: an event of a module that is told again counts once for each user, and for who missed it", () => {
  const users = new Users();
  users.apply(spread(published("e-1"), "ann"), 0);
  const rest = users.apply(spread(published("e-1"), "ann", "bob"), 1);
  const { outcomes, verdict } = users.verdictOf(spread(published("e-1"), "ann", "bob"), 2);
  assert.deepEqual(
    [
      rest.outcomes.map(({ state }) => state.userId),
      users.find(user("ann")).head.pts,
      outcomes.length,
      verdict,
    ],
    [["bob"], 1, 0, { kind: "done", isRepeat: true }],
  );
});

test("U4: an id counts again after a day, and not a moment before", () => {
  const users = new Users();
  const dayMs = 24 * 60 * 60 * 1000;
  users.apply(spread(published("e-1"), "ann"), 0);
  users.apply({ ...spread(published("e-1"), "ann"), timeMs: 5 + dayMs - 1 }, 1);
  const before = users.find(user("ann")).head.pts;
  users.apply({ ...spread(published("e-1"), "ann"), timeMs: 5 + dayMs }, 2);
  assert.deepEqual([before, users.find(user("ann")).head.pts], [1, 2]);
});

test("U4: what was published to a conversation is counted there, not by its members", () => {
  const users = new Users();
  const event = decode(Event, published("e-1"));
  const told = encode(Event, { module: { ...event.module!, conversationId: GROUP } });
  users.apply(spread(told, "ann"), 0);
  users.apply(spread(told, "ann"), 1);
  assert.equal(users.find(user("ann")).head.pts, 2);
});

test("hiding what one cannot see is refused and changes nothing", () => {
  const users = new Users();
  users.apply(spread(message(1, "ann"), "bob"), 0);
  assert.equal(users.apply(hide("bob", 2), 1).kind, "refused");
  assert.equal(users.apply(hide("eve", 1), 2).kind, "refused");
  assert.equal(users.find(user("bob")).head.pts, 1);
});

test("what was trimmed has left the list entry and cannot be hidden any more", () => {
  const users = new Users();
  const said = [1, 2, 3].map((sequence) => spread(message(sequence, "bob"), "ann"));
  const trimmed = encode(Event, { trimmed: { conversationId: GROUP, firstVisible: 3 } });
  const records = [...said, spread(trimmed, "ann"), hide("ann", 2), hide("ann", 3)];
  const kinds = records.map((record, offset) => users.apply(record, offset).kind);
  const { firstVisible, readSequence } = users.find(user("ann")).entries.get(GROUP)!;
  assert.deepEqual([kinds.slice(3), firstVisible, readSequence], [["done", "refused", "done"], 3, 2]);
});

test("a message of another that mentions a user is marked with the event that says so, also after an edit", () => {
  const users = new Users();
  const mentions = { userIds: [user("ann")], isAll: false };
  const body = filled(Body, { ...textBody("@ann"), mentions });
  const said = (sequence: number, more: object): Event =>
    filled(Event, { message: { ...decode(Event, message(sequence, "bob")).message!, ...more } });
  const edited = filled(Event, { changed: { message: said(2, { body, revision: 1 }).message! } });
  const events = [said(1, { body }), said(2, {}), edited, said(3, { body, senderId: user("ann") })];
  const marks = events.map((event, offset) => {
    const { outcomes } = users.apply(spread(encode(Event, event), "ann", "carl"), offset);
    return outcomes.map(({ mentions: marked }) => marked.map(({ sequence, timeMs }) => [sequence, timeMs]));
  });
  assert.deepEqual(marks, [
    [[[1, 1]], []],
    [[], []],
    [[[2, 2]], []],
    [[], []],
  ]);
});

test("settings are told to their user alone and kept in the entry, of a large group too", () => {
  const users = new Users();
  const joined = (isShared: boolean): Uint8Array =>
    encode(Event, { joined: filled(JoinedEvent, { conversationId: GROUP, firstVisible: 1, isShared }) });
  const left = encode(Event, { left: filled(LeftEvent, { conversationId: GROUP, isShared: true }) });
  const muted = { conversationId: GROUP, level: "mentions", mutedUntilMs: 9 };
  users.apply(spread(joined(false), "", "ann"), 0);
  users.apply(spread(joined(true), "", "bob"), 1);

  const kinds = ["ann", "bob", "eve"].map((name, index) => users.apply(set(name, muted), 2 + index).kind);
  const quiet = users.apply(set("eve", { doNotDisturb: filled(DoNotDisturb, { isOn: true }) }), 5);
  users.apply(spread(left, "", "bob"), 6);

  const entryOf = (name: string): unknown => {
    const { notifyLevel, mutedUntilMs } = users.find(user(name)).entries.get(GROUP)!;
    return { notifyLevel, mutedUntilMs };
  };
  assert.deepEqual(
    {
      kinds,
      ann: entryOf("ann"),
      bob: entryOf("bob"),
      pts: ["ann", "bob", "eve"].map((name) => users.find(user(name)).head.pts),
      quiet: quiet.outcomes.map(({ doNotDisturb }) => doNotDisturb?.isOn),
    },
    {
      kinds: ["done", "done", "refused"],
      ann: { notifyLevel: "mentions", mutedUntilMs: 9 },
      bob: { notifyLevel: "mentions", mutedUntilMs: 9 },
      pts: [2, 3, 1],
      quiet: [true],
    },
  );
});

test("a pinned conversation is told to its user alone and kept in the entry, of a large group too", () => {
  const users = new Users();
  const joined = (isShared: boolean): Uint8Array =>
    encode(Event, { joined: filled(JoinedEvent, { conversationId: GROUP, firstVisible: 1, isShared }) });
  const left = encode(Event, { left: filled(LeftEvent, { conversationId: GROUP, isShared: true }) });
  users.apply(spread(joined(false), "", "ann"), 0);
  users.apply(spread(joined(true), "", "bob"), 1);
  const entryOf = (name: string): unknown => users.find(user(name)).entries.get(GROUP)!.pinnedMs;

  const kinds = ["ann", "bob", "eve"].map((name, index) => users.apply(pin(name, GROUP), 2 + index).kind);
  users.apply(spread(left, "", "bob"), 5);
  const pinned = [entryOf("ann"), entryOf("bob")];
  const again = users.verdictOf(pin("bob", GROUP), 6).verdict;
  const unpinned = users.apply(pin("bob", GROUP, false), 7).kind;

  assert.deepEqual(
    { kinds, pinned, again, unpinned, after: [entryOf("ann"), entryOf("bob")] },
    {
      kinds: ["done", "done", "refused"],
      pinned: [5, 5],
      again: { kind: "refused", code: "not-a-member" },
      unpinned: "done",
      after: [5, 0],
    },
  );
});

test(`a list has ${LIST_PINS_MAX} pinned conversations at most, and room again when one is unpinned`, () => {
  const users = new Users();
  const idOf = (index: number): ConversationId => `g:${index}` as ConversationId;
  let offset = 0;
  const pinned = (): number => users.find(user("ann")).head.pinned;
  for (let index = 0; index <= LIST_PINS_MAX; index++) {
    const joined = filled(JoinedEvent, { conversationId: idOf(index), firstVisible: 1 });
    users.apply(spread(encode(Event, { joined }), "ann"), offset++);
  }
  for (let index = 0; index < LIST_PINS_MAX; index++) users.apply(pin("ann", idOf(index)), offset++);

  const full = users.verdictOf(pin("ann", idOf(LIST_PINS_MAX)), offset++).verdict;
  const same = users.apply(pin("ann", idOf(0)), offset++).kind;
  const counts = [pinned()];
  for (const isPinned of [false, false]) users.apply(pin("ann", idOf(0), isPinned), offset++);
  counts.push(pinned());
  const next = users.apply(pin("ann", idOf(LIST_PINS_MAX)), offset++).kind;

  assert.deepEqual(
    { full, same, counts, next },
    {
      full: { kind: "refused", code: "too-many-pins" },
      same: "done",
      counts: [LIST_PINS_MAX, LIST_PINS_MAX - 1],
      next: "done",
    },
  );
});

function pin(name: string, conversationId: ConversationId, isPinned = true): UserRecord {
  return filled(UserRecordSchema, {
    tenantId: TENANT,
    timeMs: 5,
    pin: { userId: user(name), conversationId, isPinned },
  });
}

function set(name: string, settings: Init<NotifySettingsEvent>): UserRecord {
  return filled(UserRecordSchema, {
    tenantId: TENANT,
    timeMs: 5,
    settings: { userId: user(name), settings: filled(NotifySettingsEvent, settings) },
  });
}
