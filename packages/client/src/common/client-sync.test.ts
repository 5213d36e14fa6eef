import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { createClientBench, GROUP, GROUP_2, OTHER, SELF, textsOf } from "../testing/client-bench.js";
import { createMemoryStore } from "./memory-store.js";
import type { ClientStore } from "./store.js";

test("a new device fetches the list, page by page, and is live", async () => {
  const bench = createClientBench();
  for (const name of ["a", "b", "c", "d"]) bench.world.join(`g:${name}` as typeof GROUP, 3);
  await bench.begin();
  deepEqual(
    [
      bench.client.state,
      new Set(bench.client.conversations()),
      await bench.store.load().then((s) => s.position),
    ],
    ["live", new Set(bench.world.entries.values()), { epoch: 7, pts: 5 }],
  );
  await bench.client.stop();
});

/** A world of 60 groups, each newer than the one before, in which the server does not answer who asks for the whole list. */
function benchOfMany() {
  const bench = createClientBench();
  for (let index = 0; index < 60; index++) {
    const conversationId = `g:${String(index).padStart(2, "0")}` as typeof GROUP;
    bench.world.join(conversationId);
    bench.world.post(conversationId, OTHER, `in ${index}`);
  }
  const gate = { isOpen: false };
  bench.server.script = (frame) =>
    frame.name === "listConversations" && !frame.payload.isNewestFirst && !gate.isOpen ? "ignore" : "handle";
  return { bench, gate };
}

test("a new device shows what is newest before it has the whole list, and keeps what it fetched meanwhile", async () => {
  const { bench, gate } = benchOfMany();
  gate.isOpen = true;
  const shown: (string | number)[] = [];
  bench.client.on("conversations", () => {
    const [newest, ...others] = bench.client.conversations().map(({ conversationId }) => conversationId);
    if (newest === undefined) return;
    shown.push(others.length + 1, bench.client.state);
    void bench.client.open(newest);
  });
  // What else an application wants to know at its start makes no difference.
  void bench.client.notify.getDoNotDisturb().catch(() => undefined);
  await bench.begin();
  deepEqual(
    [shown, textsOf(bench.client, "g:59" as typeof GROUP), bench.client.conversations().length],
    [[40, "catching-up", 61, "catching-up"], ["in 59"], 61],
  );
  deepEqual([bench.server.framesOf("getHistory").length, bench.server.framesOf("getDigest").length], [1, 0]);
  await bench.client.stop();
});

test("a new device that is cut off before it has the whole list begins anew, and ends with all of it", async () => {
  const { bench, gate } = benchOfMany();
  await bench.client.start();
  await bench.time.advance(100);
  await bench.client.stop();
  deepEqual((await bench.store.load()).position, { epoch: 0, pts: 0 });
  const other = bench.restart();
  gate.isOpen = true;
  await other.start();
  await bench.time.run(other.settled(120_000));
  deepEqual(new Set(other.conversations()), new Set(bench.world.entries.values()));
  await other.stop();
});

test("a device catches up from its position", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.server.cut();
  await bench.time.advance(0);
  for (let index = 0; index < 250; index++) bench.world.post(GROUP, OTHER, `m${index}`);
  await bench.time.run(bench.client.settled(60_000));
  const hellos = bench.server.framesOf("hello").map((hello) => [hello.epoch, hello.pts]);
  deepEqual(
    [hellos, bench.client.conversations(), bench.server.framesOf("listConversations").length],
    [
      [
        [0, 0],
        [7, 1],
      ],
      [...bench.world.entries.values()],
      1,
    ],
  );
  await bench.client.stop();
});

test("events that come twice change nothing", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  for (const text of ["a", "b", "c"]) bench.world.post(GROUP, OTHER, text);
  await bench.sync();
  bench.server.rewind(2);
  await bench.sync();
  deepEqual(
    [textsOf(bench.client, GROUP), bench.client.conversations(), bench.server.links.length],
    [["a", "b", "c"], [...bench.world.entries.values()], 1],
  );
  await bench.client.stop();
});

test("a gap in the queue ends the connection and is filled by the next", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  for (const text of ["a", "b", "c"]) bench.world.post(GROUP, OTHER, text);
  bench.server.rewind(-2);
  await bench.sync();
  await bench.time.advance(1000);
  deepEqual([textsOf(bench.client, GROUP), bench.server.links.length], [["a", "b", "c"], 2]);
  await bench.client.stop();
});

test("a push of another epoch ends the connection", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.server.say("push", { epoch: 8, firstPts: 2, events: [] });
  await bench.time.advance(1000);
  deepEqual(bench.server.links.length, 2);
  await bench.client.stop();
});

test("a rebase replaces the list and keeps the messages", async () => {
  const bench = createClientBench();
  await bench.begin();
  for (const text of ["a", "b"]) bench.world.post(GROUP, OTHER, text);
  await bench.sync();
  bench.world.join(GROUP_2);
  bench.world.epoch = 9;
  bench.server.cut();
  await bench.time.advance(0);
  await bench.time.run(bench.client.settled(60_000));
  const stored = await bench.store.load();
  deepEqual(
    [
      new Set(bench.client.conversations().map((entry) => entry.conversationId)),
      stored.position.epoch,
      stored.spans.get(GROUP),
      (await bench.store.readMessages(GROUP, { first: 1, last: 9 })).length,
      bench.server.framesOf("getHistory").length,
    ],
    [new Set([GROUP, GROUP_2]), 9, [{ first: 1, last: 2 }], 2, 0],
  );
  await bench.client.stop();
});

test("what was hidden before a rebase does not outlive it", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  for (const text of ["a", "b", "c"]) bench.world.post(GROUP, OTHER, text);
  await bench.sync();
  bench.world.hide(GROUP, [2]);
  bench.world.epoch = 9;
  bench.server.cut();
  await bench.time.advance(0);
  await bench.time.run(bench.client.settled(60_000));
  deepEqual(textsOf(bench.client, GROUP), ["a", "c"]);
  await bench.client.stop();
});

test("a rebase that is cut while it is checked begins anew", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  for (const text of ["a", "b", "c"]) bench.world.post(GROUP, OTHER, text);
  await bench.sync();
  bench.world.hide(GROUP, [2]);
  bench.world.epoch = 9;
  let cuts = 0;
  bench.server.script = (frame) => {
    if (frame.name !== "getDigest" || cuts > 0) return "handle";
    cuts += 1;
    bench.server.cut();
    return "ignore";
  };
  bench.server.cut();
  await bench.time.advance(0);
  await bench.time.run(bench.client.settled(60_000));
  const hellos = bench.server.framesOf("hello").map((hello) => hello.epoch);
  deepEqual(
    [textsOf(bench.client, GROUP), hellos],
    [
      ["a", "c"],
      [0, 7, 7],
    ],
  );
  await bench.client.stop();
});

test("a rebase gives up what the server cannot vouch for", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP_2);
  await bench.begin();
  for (const conversationId of [GROUP, GROUP_2]) bench.world.post(conversationId, OTHER, "a");
  await bench.sync();
  bench.world.entries.delete(GROUP);
  bench.server.script = (frame) =>
    frame.name === "getDigest" ? { code: "not-a-member", retry: "after-change" } : "handle";
  bench.world.epoch = 9;
  bench.server.cut();
  await bench.time.advance(0);
  await bench.time.run(bench.client.settled(60_000));
  const { spans } = await bench.store.load();
  deepEqual([spans.get(GROUP), spans.get(GROUP_2)], [[], []]);
  await bench.client.stop();
});

test("a conversation is shown whose messages were stored just when a rebase gave up what was held", async () => {
  const store = createMemoryStore();
  let isSlow = false;
  const waiting: (() => void)[] = [];
  const turn = async (): Promise<void> => {
    if (isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const slowStore: ClientStore = {
    ...store,
    commit: async (...of) => {
      await turn();
      await store.commit(...of);
    },
    readMessages: async (...of) => {
      await turn();
      return store.readMessages(...of);
    },
  };
  const bench = createClientBench(1, slowStore);
  bench.world.join(GROUP, 20);
  await bench.begin();
  const held = new Map<string, number>();
  bench.server.script = (frame) => {
    const isHeld = frame.name === "getHistory" || frame.name === "listConversations";
    if (!isHeld || held.has(frame.name)) return "handle";
    held.set(frame.name, frame.payload.requestId);
    return "ignore";
  };
  bench.world.epoch = 9;
  bench.server.cut();
  const opened = bench.client.open(GROUP);
  await bench.time.advance(1000);
  isSlow = true;
  const page = bench.world.page(GROUP, { before: 0, after: 0, limit: 50, isForward: false });
  bench.server.say("historyPage", { requestId: held.get("getHistory")!, ...page });
  const entries = [...bench.world.entries.values()];
  bench.server.say("conversationList", { requestId: held.get("listConversations")!, entries });
  await bench.time.advance(1000);
  // The page is stored; while it is read the list is stored.
  waiting.shift()?.();
  await bench.time.advance(1000);
  const [read, stored] = waiting.splice(0);
  stored?.();
  await bench.time.advance(1000);
  isSlow = false;
  for (const resume of [read, ...waiting]) resume?.();
  await bench.time.run(opened);
  await bench.time.run(bench.client.settled(60_000));
  deepEqual([held.size, textsOf(bench.client, GROUP).length], [2, 20]);
  await bench.client.stop();
});

test("what is pushed while the list is fetched is applied after it", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP_2);
  let posted = 0;
  bench.server.script = (frame) => {
    if (frame.name === "listConversations" && posted++ < 1) {
      bench.world.post(GROUP, OTHER, "meanwhile");
      bench.server.push();
    }
    return "handle";
  };
  bench.server.listSize = 1;
  await bench.begin();
  deepEqual(
    [new Set(bench.client.conversations()), bench.server.links.length],
    [new Set(bench.world.entries.values()), 1],
  );
  await bench.client.stop();
});

test("nothing is confirmed before it is stored", async () => {
  const store = createMemoryStore();
  let release: (() => void) | undefined;
  let isHeld = false;
  const held = {
    ...store,
    commit: async (changes: Parameters<typeof store.commit>[0]) => {
      if (isHeld) await new Promise<void>((resolve) => (release = resolve));
      await store.commit(changes);
    },
  };
  const bench = createClientBench(1, held);
  await bench.begin();
  isHeld = true;
  bench.world.post(GROUP, OTHER, "a");
  bench.server.push();
  await bench.time.advance(5000);
  const before = bench.server.framesOf("confirm").map((confirm) => confirm.pts);
  isHeld = false;
  release?.();
  await bench.time.advance(1000);
  const afterwards = bench.server.framesOf("confirm").map((confirm) => confirm.pts);
  deepEqual([before, afterwards], [[1], [1, 2]]);
  await bench.client.stop();
});

test("a store that refuses ends the connection, and nothing is confirmed or shown", async () => {
  const store = createMemoryStore();
  let isBroken = false;
  const breaking = {
    ...store,
    commit: (changes: Parameters<typeof store.commit>[0]) =>
      isBroken ? Promise.reject(new Error("disk full")) : store.commit(changes),
  };
  const bench = createClientBench(1, breaking);
  await bench.begin();
  isBroken = true;
  bench.world.post(GROUP, OTHER, "a");
  bench.server.push();
  await bench.time.advance(2000);
  const shown = bench.client.conversations()[0]?.lastSequence;
  const confirmed = bench.server.framesOf("confirm").map((confirm) => confirm.pts);
  isBroken = false;
  await bench.time.advance(30_000);
  deepEqual([shown, confirmed, bench.client.conversations()[0]?.lastSequence], [0, [1], 1]);
  await bench.client.stop();
});

test("confirmations are merged: one per 64 events or 200 ms", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.server.pushSize = 1;
  for (let index = 0; index < 10; index++) bench.world.post(GROUP, OTHER, "a");
  bench.server.push();
  await bench.time.advance(1000);
  for (let index = 0; index < 64; index++) bench.world.post(GROUP, OTHER, "a");
  bench.server.pushSize = 64;
  bench.server.push();
  await bench.time.advance(10);
  deepEqual(
    bench.server.framesOf("confirm").map((confirm) => confirm.pts),
    [1, 11, 75],
  );
  await bench.client.stop();
});

test("a hidden message leaves the store and the timeline, and its place stays held", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  for (const text of ["a", "b", "c"]) bench.world.post(GROUP, OTHER, text);
  await bench.sync();
  await bench.time.run(bench.client.hide(GROUP, [2]));
  await bench.sync();
  deepEqual(
    [
      textsOf(bench.client, GROUP),
      (await bench.store.readMessages(GROUP, { first: 1, last: 9 })).map((message) => message.sequence),
      (await bench.store.load()).spans.get(GROUP),
      bench.client.conversations(),
    ],
    [["a", "c"], [1, 3], [{ first: 1, last: 3 }], [...bench.world.entries.values()]],
  );
  await bench.client.stop();
});

test("reading is sent once for the furthest place and comes back as an event", async () => {
  const bench = createClientBench();
  await bench.begin();
  for (const text of ["a", "b", "c"]) bench.world.post(GROUP, OTHER, text);
  await bench.sync();
  for (const sequence of [1, 2, 3, 2]) bench.client.markRead(GROUP, sequence);
  await bench.time.advance(100);
  bench.client.markRead(GROUP);
  await bench.time.advance(100);
  deepEqual(
    [
      bench.server.framesOf("markRead").map((frame) => frame.sequence),
      bench.client.conversations()[0]?.unread,
    ],
    [[1, 3], 0],
  );
  await bench.client.stop();
});

test("what is read without a connection, or while the server has no room, is marked later", async () => {
  const bench = createClientBench();
  await bench.begin();
  for (const text of ["a", "b", "c"]) bench.world.post(GROUP, OTHER, text);
  await bench.sync();
  bench.server.isReachable = false;
  bench.server.cut();
  bench.client.markRead(GROUP, 2);
  await bench.time.advance(120_000);
  bench.server.isReachable = true;
  bench.server.script = ({ name }) =>
    name === "markRead" ? { code: "storage-full", retry: "same", retryAfterMs: 5_000 } : "handle";
  await bench.time.advance(60_000);
  bench.server.script = () => "handle";
  bench.client.markRead(GROUP, 1);
  await bench.time.advance(100);
  deepEqual(
    [
      bench.server.framesOf("markRead").map((frame) => frame.sequence),
      bench.client.conversations()[0]?.unread,
    ],
    [[2, 2], 1],
  );
  await bench.client.stop();
});

test("the store of another user is cleared", async () => {
  const bench = createClientBench();
  const owner = { userId: "somebody", deviceId: "" };
  await bench.store.commit([
    { kind: "owner", owner },
    { kind: "position", position: { epoch: 7, pts: 1 } },
  ]);
  await bench.begin();
  const stored = await bench.store.load();
  deepEqual([stored.owner?.userId, bench.server.framesOf("hello")[0]?.epoch], [SELF, 0]);
  await bench.client.stop();
});

test("stopping twice is harmless and rejects what waits", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.server.script = () => "ignore";
  const users = bench.client.users();
  await bench.time.advance(10);
  const outcome = rejects(users, { code: "outcome-unknown" });
  await bench.client.stop();
  await bench.client.stop();
  await outcome;
  deepEqual(bench.client.state, "idle");
});
