/** Reactions, pins and read counts on a device, whatever it holds and in whatever order it learns of them. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import {
  emptyEntry,
  type Event,
  Event as EventSchema,
  filled,
  JoinedEvent,
  type Message,
  PinnedEvent,
  type Reactions,
  ReadersEvent,
} from "@parley/protocol";
import { type ClientBench, createClientBench, GROUP, OTHER, SELF } from "../testing/client-bench.js";
import { applyRun } from "./apply-push.js";
import { History } from "./history.js";
import { PIN_FETCHES_MAX, REACTIONS_WAITING_MAX } from "./limits.js";
import { createMemoryStore } from "./memory-store.js";
import { Replica } from "./replica.js";

function shortOf(messages: readonly Message[]): readonly string[] {
  return messages.map(({ reactions }) => {
    const items = reactions?.items.map(({ key, count }) => `${key}${count}`).join(" ") ?? "-";
    return (reactions?.mine.length ?? 0) > 0 ? `${items} (mine: ${reactions!.mine.join(" ")})` : items;
  });
}

function shownBy({ client }: ClientBench): readonly string[] {
  return shortOf(client.timeline(GROUP)?.messages ?? []);
}

async function holding(count: number): Promise<ClientBench> {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  for (let index = 0; index < count; index++) bench.world.post(GROUP, OTHER, `text ${index}`);
  await bench.sync();
  return bench;
}

async function pinned(bench: ClientBench): Promise<readonly (number | undefined)[]> {
  const pins = await bench.time.run(bench.client.pins(GROUP));
  return pins.map(({ message }) => message?.sequence);
}

const fetches = (bench: ClientBench): number => bench.server.framesOf("getPins").length;

test("reactions show in an open timeline, mine at once and others' with their summary", async () => {
  const bench = await holding(2);
  let count = 0;
  bench.client.on("timeline", () => (count += 1));
  await bench.time.run(bench.client.react(GROUP, 1, "a"));
  await bench.sync();
  const own = shownBy(bench);
  bench.world.react(GROUP, 1, { userId: OTHER, key: "a", isMerged: true });
  bench.world.react(GROUP, 1, { userId: OTHER, key: "b", isMerged: true });
  await bench.sync();
  const early = shownBy(bench);
  bench.world.spread(GROUP);
  await bench.sync();
  const late = shownBy(bench);
  await bench.time.run(bench.client.unreact(GROUP, 1, "a"));
  await bench.sync();
  deepEqual(
    [own, early, late, shownBy(bench), count > 2],
    [["a1 (mine: a)", "-"], ["a1 (mine: a)", "-"], ["a2 b1 (mine: a)", "-"], ["b1 a1", "-"], true],
  );
  await bench.client.stop();
});

test("an edit keeps the reactions, and a recall takes them, also when they come late", async () => {
  const bench = await holding(2);
  for (const sequence of [1, 2]) bench.world.react(GROUP, sequence, { userId: OTHER, key: "a" });
  bench.world.change(GROUP, 1, "better");
  bench.world.change(GROUP, 2);
  const late: Reactions = {
    revision: 9,
    items: [{ key: "z", count: 1, userIds: [OTHER] }],
    mine: [],
    mineRevision: 0,
  };
  bench.world.push({ reactions: { conversationId: GROUP, sequence: 2, reactions: late } });
  await bench.sync();
  deepEqual([shownBy(bench), bench.client.timeline(GROUP)?.messages[0]?.revision], [["a1", "-"], 1]);
  await bench.client.stop();
});

test("reactions of a message that is not held are left out, and come with its page", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 2);
  await bench.begin();
  bench.world.react(GROUP, 2, { userId: OTHER, key: "a" });
  await bench.sync();
  const stored = await bench.store.readMessages(GROUP, { first: 1, last: 9 });
  await bench.time.run(bench.client.open(GROUP));
  deepEqual([stored.length, shownBy(bench)], [0, ["-", "a1"]]);
  await bench.client.stop();
});

test("a page that was asked for before a reaction does not undo it", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 2);
  await bench.begin();
  bench.server.script = (frame) => {
    if (frame.name !== "getHistory") return "handle";
    const { requestId } = frame.payload;
    const page = bench.world.page(GROUP, frame.payload);
    bench.world.react(GROUP, 2, { userId: SELF, key: "a" });
    bench.world.react(GROUP, 2, { userId: OTHER, key: "b" });
    bench.server.push();
    bench.time.after(50, () => {
      bench.server.say("historyPage", { requestId, ...page, firstVisible: 1, lastSequence: 2 });
    });
    return "ignore";
  };
  await bench.time.run(bench.client.open(GROUP));
  deepEqual(shownBy(bench), ["-", "a1 b1 (mine: a)"]);
  await bench.client.stop();
});

test("a page does not undo reactions that wait for the same commit", async () => {
  const store = createMemoryStore();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = { ...store, commit: (changes: never) => held.then(() => store.commit(changes)) };
  const replica = new Replica(slow, () => undefined);
  await store.load();
  const message = createClientBench().world.post(GROUP, OTHER, "x");
  const page = { requestId: 1, first: 1, last: 1, messages: [message], firstVisible: 1, lastSequence: 1 };
  const history = new History(replica, { call: () => Promise.resolve(page) } as never);
  const first = replica.edit((draft) => draft.setPosition({ epoch: 1, pts: 1 }));
  await Promise.resolve();
  await Promise.resolve();
  const reactions: Reactions = {
    revision: 1,
    items: [{ key: "a", count: 1, userIds: [] }],
    mine: [],
    mineRevision: 0,
  };
  const events = replica.edit((draft) =>
    draft.changeReactions({ conversationId: GROUP, sequence: 1, reactions }),
  );
  const fetched = history.fetch(GROUP, { limit: 3 });
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
  release();
  await Promise.all([first, events, fetched]);
  deepEqual(shortOf(await store.readMessages(GROUP, { first: 1, last: 9 })), ["a1"]);
});

test("reactions that were missed are found after a rebase, by the digest", async () => {
  const bench = await holding(2);
  bench.world.react(GROUP, 1, { userId: OTHER, key: "a" });
  bench.world.events.pop();
  bench.world.epoch += 1;
  bench.server.cut();
  await bench.time.advance(1000);
  await bench.time.run(bench.client.settled(60_000));
  deepEqual(shownBy(bench), ["a1", "-"]);
  await bench.client.stop();
});

test("changes of one reaction go out one after another, so many at most, and others do not wait for them", async () => {
  const bench = await holding(1);
  const waiting: number[] = [];
  bench.server.script = (frame) => {
    if (frame.name !== "react") return "handle";
    waiting.push(frame.payload.requestId);
    return "ignore";
  };
  const outcomes: string[] = [];
  const note = (call: Promise<void>): void =>
    void call.then(
      () => outcomes.push("done"),
      (error: unknown) => outcomes.push(failureCode(error) ?? ""),
    );
  for (let index = 0; index <= REACTIONS_WAITING_MAX; index++)
    note(index % 2 === 0 ? bench.client.react(GROUP, 1, "a") : bench.client.unreact(GROUP, 1, "a"));
  note(bench.client.react(GROUP, 1, "b"));
  await bench.time.advance(10);
  const early = waiting.length;
  for (let index = 0; index < waiting.length; index++) {
    bench.server.say("done", { requestId: waiting[index]! });
    await bench.time.advance(10);
  }
  const sent = bench.server.framesOf("react").filter(({ key }) => key === "a");
  deepEqual(
    [early, sent.map(({ isRemoval }) => isRemoval), outcomes.filter((code) => code !== "done")],
    [2, Array.from({ length: REACTIONS_WAITING_MAX }, (_, index) => index % 2 === 1), ["unavailable"]],
  );
  await bench.client.stop();
});

test("pins are asked for once, and events keep them right", async () => {
  const bench = await holding(4);
  const told: string[] = [];
  bench.client.on("pins", ({ conversationId }) => told.push(conversationId));
  await bench.time.run(bench.client.pin(GROUP, 1));
  bench.world.pin(GROUP, 3);
  await bench.sync();
  const first = [await pinned(bench), await pinned(bench), fetches(bench)];
  await bench.time.run(bench.client.unpin(GROUP, 1));
  await bench.sync();
  const unpinned = [await pinned(bench), fetches(bench)];
  bench.world.change(GROUP, 3, "better");
  bench.world.react(GROUP, 3, { userId: OTHER, key: "a" });
  await bench.sync();
  const [pin] = await bench.time.run(bench.client.pins(GROUP));
  const changed = [pin?.message?.body?.text?.text, shortOf([pin!.message!]), fetches(bench)];
  bench.world.pin(GROUP, 4);
  await bench.sync();
  const more = [await pinned(bench), fetches(bench)];
  bench.world.hide(GROUP, [4]);
  bench.world.change(GROUP, 3);
  await bench.sync();
  deepEqual(
    [first, unpinned, changed, more, await pinned(bench), told.includes(GROUP)],
    [[[3, 1], [3, 1], 1], [[3], 1], ["better", ["a1"], 1], [[4, 3], 2], [], true],
  );
  await bench.client.stop();
});

test("pins that change while they are fetched are fetched again, so many times at most", async () => {
  const bench = await holding(9);
  let asked = 0;
  bench.server.script = (frame) => {
    if (frame.name !== "getPins") return "handle";
    const { requestId } = frame.payload;
    const pins = bench.world.pinList(GROUP);
    const revision = bench.world.pins.get(GROUP)?.revision ?? 0;
    asked += 1;
    bench.world.pin(GROUP, asked);
    bench.server.push();
    bench.time.after(50, () => bench.server.say("pinList", { requestId, pins, revision }));
    return "ignore";
  };
  const early = [await pinned(bench), fetches(bench)];
  bench.server.script = () => "handle";
  deepEqual(
    [early, await pinned(bench)],
    [
      [[2, 1], PIN_FETCHES_MAX],
      [3, 2, 1],
    ],
  );
  await bench.client.stop();
});

test("an event of pins that is missing, and a rebase, have them fetched again", async () => {
  const bench = await holding(4);
  for (const sequence of [1, 2, 3]) bench.world.pin(GROUP, sequence);
  await bench.sync();
  const before = await pinned(bench);
  // A trim takes a pin without an event of its own.
  bench.world.trim(GROUP, 2);
  bench.world.pin(GROUP, 2, false);
  await bench.sync();
  const trimmed = [await pinned(bench), fetches(bench)];
  bench.world.pin(GROUP, 4);
  bench.world.events.pop();
  bench.world.epoch += 1;
  bench.server.cut();
  await bench.time.advance(1000);
  await bench.time.run(bench.client.settled(60_000));
  deepEqual(
    [before, trimmed, await pinned(bench)],
    [
      [3, 2, 1],
      [[3], 2],
      [4, 3],
    ],
  );
  await bench.client.stop();
});

test("an old event of pins changes nothing", async () => {
  const bench = await holding(2);
  bench.world.pin(GROUP, 1);
  bench.world.pin(GROUP, 2);
  bench.server.isHoldingPushes = true;
  const before = await pinned(bench);
  const count = fetches(bench);
  bench.server.isHoldingPushes = false;
  await bench.sync();
  const old = filled(PinnedEvent, { conversationId: GROUP, sequence: 2, revision: 1 });
  bench.world.push({ pinned: old });
  await bench.sync();
  deepEqual([before, await pinned(bench), fetches(bench) - count], [[2, 1], [2, 1], 0]);
  await bench.client.stop();
});

test("of two read counts the one with the higher revision stays, and a rebase forgets them and says so", async () => {
  const bench = await holding(2);
  const told: string[] = [];
  bench.client.on("reads", ({ conversationId }) => told.push(conversationId));
  const event = (revision: number, read: number): Partial<Event> => ({
    readers: filled(ReadersEvent, {
      conversationId: GROUP,
      revision,
      counts: [{ sequence: 1, read, unread: 9 - read }],
    }),
  });
  const known = (): number | undefined => bench.client.readCount(GROUP, 1)?.read;
  const seen = [known()];
  bench.world.push(event(5, 3));
  await bench.sync();
  seen.push(known());
  bench.server.readCounts = { counts: [{ sequence: 1, read: 2, unread: 7 }], revision: 4 };
  const [answered] = await bench.time.run(bench.client.readCounts(GROUP, [1]));
  seen.push(answered?.read, known());
  bench.server.readCounts = { counts: [{ sequence: 1, read: 6, unread: 3 }], revision: 8 };
  await bench.time.run(bench.client.readCounts(GROUP, [1]));
  bench.world.push(event(7, 5));
  await bench.sync();
  seen.push(known());
  bench.world.epoch += 1;
  bench.server.cut();
  await bench.time.advance(1000);
  await bench.time.run(bench.client.settled(60_000));
  deepEqual([seen, known(), told.length], [[undefined, 3, 3, 3, 6], undefined, 5]);
  await bench.client.stop();
});

test("in a large group a reaction of mine that comes before its message leaves a hole, which is fetched", async () => {
  const store = createMemoryStore();
  const replica = new Replica(store, () => undefined);
  await replica.load({ userId: SELF, deviceId: "device" });
  const at = (sequence: number): Message => ({
    ...createClientBench().world.post(GROUP, OTHER, "x"),
    sequence,
  });
  const reactions: Reactions = { revision: 1, items: [], mine: ["a"], mineRevision: 1 };
  const run = { epoch: 1, firstPts: 1 };
  const event = (fields: Partial<Event>): Event => filled(EventSchema, fields);
  const ahead = await replica.edit((draft) => {
    draft.setPosition({ epoch: 1, pts: 0 });
    draft.putEntry({ ...emptyEntry(GROUP), isShared: true, lastSequence: 0 });
    const told = event({ reactions: { conversationId: GROUP, sequence: 2, reactions } });
    applyRun(draft, { ...run, events: [told], topic: undefined }, SELF);
    return draft.entry(GROUP)?.reactedAhead;
  });
  await replica.edit((draft) => {
    const events = [1, 2, 3].map((sequence) => event({ message: at(sequence) }));
    applyRun(draft, { ...run, events, topic: GROUP }, SELF);
  });
  const { reactedAhead, lastSequence } = replica.entry(GROUP)!;
  deepEqual(
    [ahead, reactedAhead, lastSequence, replica.state.spans.get(GROUP)],
    [
      [2],
      [],
      3,
      [
        { first: 1, last: 1 },
        { first: 3, last: 3 },
      ],
    ],
  );
});

test("nothing is awaited of a message that is no longer kept when it comes", async () => {
  const replica = new Replica(createMemoryStore(), () => undefined);
  await replica.load({ userId: SELF, deviceId: "device" });
  const reactions: Reactions = { revision: 1, items: [], mine: ["a"], mineRevision: 1 };
  const event = (fields: Partial<Event>): Event => filled(EventSchema, fields);
  const { world } = createClientBench();
  await replica.edit((draft) => {
    draft.setPosition({ epoch: 1, pts: 0 });
    draft.putEntry({ ...emptyEntry(GROUP), isShared: true, lastSequence: 0 });
    const told = event({ reactions: { conversationId: GROUP, sequence: 2, reactions } });
    const trimmed = event({ trimmed: { conversationId: GROUP, firstVisible: 4 } });
    applyRun(draft, { epoch: 1, firstPts: 1, events: [told, trimmed], topic: undefined }, SELF);
    const messages = [1, 2, 3, 4].map((sequence) =>
      event({ message: { ...world.post(GROUP, OTHER, "x"), sequence } }),
    );
    applyRun(draft, { epoch: 1, firstPts: 1, events: messages, topic: GROUP }, SELF);
  });
  const { reactedAhead, firstVisible, lastSequence } = replica.entry(GROUP)!;
  deepEqual([reactedAhead, firstVisible, lastSequence], [[], 4, 4]);
});

test("a list that an older version stored is read with what is newer left empty", async () => {
  const store = createMemoryStore();
  await store.load();
  const { hiddenAhead: _, reactedAhead: __, ...old } = emptyEntry(GROUP);
  await store.commit([{ kind: "put-entry", entry: old as ReturnType<typeof emptyEntry> }]);
  const replica = new Replica(store, () => undefined);
  await replica.load({ userId: SELF, deviceId: "device" });
  deepEqual(replica.entry(GROUP), emptyEntry(GROUP));
});

test("who joins again asks anew for pins and readers: nobody told of what changed meanwhile", async () => {
  const bench = await holding(2);
  bench.server.readCounts = { counts: [{ sequence: 1, read: 1, unread: 1 }], revision: 4 };
  await bench.time.run(bench.client.readCounts(GROUP, [1]));
  const before = [await pinned(bench), bench.client.readCount(GROUP, 1)?.read];
  bench.world.leave(GROUP);
  await bench.sync();
  bench.world.pin(GROUP, 1);
  bench.world.events.pop();
  const joined = { conversationId: GROUP, firstVisible: 1, lastSequence: 2, timeMs: 1 };
  bench.world.push({ joined: filled(JoinedEvent, joined) });
  await bench.sync();
  deepEqual([before, bench.client.readCount(GROUP, 1), await pinned(bench)], [[[], 1], undefined, [1]]);
  await bench.client.stop();
});
