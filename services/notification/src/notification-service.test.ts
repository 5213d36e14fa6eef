/** Who is told of what, when, and how often: cited by the invariants at the head of notification-service.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConversationId, DoNotDisturb, filled, NEVER_MS, type UserId } from "@parley/protocol";
import { GONE, retry } from "./channels/channel.js";
import { CONFIRM_MS, GAP_MS } from "./notification-service.js";
import { EVENTS_MAX } from "./pending.js";
import { LOW_GAP_MS } from "./send-queue.js";
import { ATTEMPTS_MAX, RETRY_MS_MAX } from "./sending.js";
import { GROUP, NotifyBench, TENANT } from "./testing/notify-bench.js";

const QUIET = filled(DoNotDisturb, { isOn: true, timeZone: "UTC" });
const MODULE = {
  push: "alert",
  title: "To do",
  text: "Milk",
  collapseKey: "list",
  data: Buffer.of(1),
} as const;

test("who is not connected is told at once, and on every device", async () => {
  const bench = await NotifyBench.open();
  await bench.addDevice("ann", "tablet");

  bench.say("hello");
  await bench.time.settle();

  assert.deepEqual(bench.shown(), ["phone Team: BOB: hello (1)", "tablet Team: BOB: hello (1)"]);
});

test("P2: a device that confirms in time is enough, and one that does not is not", async () => {
  const bench = await NotifyBench.open();
  bench.connected.add("ann");

  bench.say("confirmed");
  await bench.time.advance(CONFIRM_MS - 1);
  bench.confirm();
  await bench.time.advance(CONFIRM_MS);
  bench.say("not confirmed");
  await bench.time.advance(CONFIRM_MS - 1);
  const before = bench.shown();
  await bench.time.advance(1);

  assert.deepEqual(
    { before, after: bench.shown(), confirmed: bench.service.counts().confirmed },
    { before: [], after: ["phone Team: BOB: not confirmed (2)"], confirmed: 1 },
  );
});

test("what comes close together is told together, and what keeps coming is not put off for ever", async () => {
  const bench = await NotifyBench.open();

  for (let index = 1; index <= 50; index++) {
    bench.say(`text ${index}`);
    await bench.time.advance(100);
  }
  await bench.time.advance(GAP_MS);

  const texts = bench.sent.map(({ notification }) => notification.text);
  assert.deepEqual(
    [
      texts.length,
      texts[0],
      texts.at(-1),
      new Set(bench.sent.map(({ notification }) => notification.collapseKey)),
    ],
    [4, "BOB: text 1", "BOB: text 50", new Set([GROUP])],
  );
});

test("nobody is told of its own messages, nor is who has no target", async () => {
  const bench = await NotifyBench.open();

  bench.say("mine", { senderId: "ann" as UserId });
  await bench.time.settle();

  assert.deepEqual([bench.shown(), bench.service.counts().waiting], [[], 0]);
});

test("P2: levels, mutes and do-not-disturb count as they are when it goes out", async () => {
  const bench = await NotifyBench.open();
  bench.connected.add("ann");
  const settings = [
    { conversationId: GROUP, level: "none" },
    { conversationId: GROUP, level: "mentions" },
    { conversationId: GROUP, level: "all", mutedUntilMs: NEVER_MS },
    { conversationId: GROUP, level: "all" },
    { doNotDisturb: QUIET },
    { doNotDisturb: { ...QUIET, letsMentionsThrough: true } },
  ];

  for (const [index, each] of settings.entries()) {
    bench.set({ conversationId: GROUP, level: "all" });
    bench.mention(`mention ${index}`);
    bench.say(`text ${index}`);
    // After they were noted.
    bench.set(each);
    await bench.time.advance(CONFIRM_MS);
  }

  assert.deepEqual(
    bench.sent.map(({ notification }) => notification.text),
    // Of the first one's row nothing is left; at level "mentions" the mention is told though the text came later.
    ["BOB: mention 1", "BOB: text 3", "BOB: mention 5"],
  );
});

test("what is read elsewhere is not told, and what was told is taken away with the new badge", async () => {
  const bench = await NotifyBench.open();
  bench.say("first");
  await bench.time.settle();
  bench.connected.add("ann");
  const second = bench.say("second");

  bench.read(second);
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual(
    { shown: bench.shown(), counts: bench.service.counts() },
    {
      shown: ["phone Team: BOB: first (1)", "phone withdraw (0)"],
      counts: {
        delivered: 1,
        withdrawn: 1,
        confirmed: 0,
        forbidden: 0,
        retried: 0,
        gone: 0,
        dead: 0,
        skipped: 0,
        waiting: 0,
      },
    },
  );
});

test("what is recalled is taken away, or the one before it is told instead", async () => {
  const bench = await NotifyBench.open();
  const told = bench.say("told");
  await bench.time.settle();
  bench.recall(told);
  await bench.time.advance(GAP_MS);
  bench.say("kept");
  bench.recall(bench.say("recalled"));
  await bench.time.advance(GAP_MS);

  assert.deepEqual(bench.shown(), [
    "phone Team: BOB: told (1)",
    "phone withdraw (0)",
    "phone Team: BOB: kept (1)",
  ]);
});

test("what was edited before it went out says what it says now", async () => {
  const bench = await NotifyBench.open();
  bench.connected.add("ann");

  bench.edit(bench.say("typo"), "right");
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual(bench.shown(), ["phone Team: BOB: right (1)"]);
});

test("a message whose event has left the queue is told all the same", async () => {
  const bench = await NotifyBench.open();
  bench.connected.add("ann");

  bench.say("told");
  bench.recall(bench.say("recalled"));
  bench.forgetQueues();
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual(bench.shown(), ["phone Team: BOB: told (1)"]);
});

test("P3: a try that failed is repeated under the same id, later each time, to those that it did not reach", async () => {
  const bench = await NotifyBench.open();
  await bench.addDevice("ann", "tablet");
  let failures = 3;
  bench.answer = (deviceId) =>
    deviceId === "tablet" && failures-- > 0
      ? retry("http-503", failures === 1 ? 60_000 : 0)
      : { kind: "delivered" };

  bench.say("hello");
  const times: number[] = [];
  for (let ms = 0; ms < 200_000 && times.length < 5; ms += 100) {
    const before = bench.sent.length;
    await bench.time.advance(ms === 0 ? 0 : 100);
    for (let index = before; index < bench.sent.length; index++) times.push(ms);
  }

  const [phone, ...tablet] = times;
  const gaps = tablet.slice(1).map((ms, index) => ms - tablet[index]!);
  assert.deepEqual(
    {
      devices: bench.sent.map(({ deviceId }) => deviceId),
      ids: new Set(bench.sent.map(({ notification }) => notification.id)).size,
      phone,
      isBackedOff: gaps.map(
        (ms, index) => ms >= [2_000, 60_000, 8_000][index]! && ms <= [3_100, 90_100, 12_100][index]!,
      ),
      retried: bench.service.counts().retried,
    },
    {
      devices: ["phone", "tablet", "tablet", "tablet", "tablet"],
      ids: 1,
      phone: 0,
      isBackedOff: [true, true, true],
      retried: 3,
    },
  );
});

test("P3: what fails for good, or too often, is a dead letter; of more the newest are kept", async () => {
  const bench = await NotifyBench.open();
  bench.answer = () => retry("http-500");
  bench.say("too often");
  await bench.time.advance(ATTEMPTS_MAX * RETRY_MS_MAX * 2);
  const attempts = bench.sent.length;
  bench.answer = () => ({ kind: "failed", reason: "http-403" });
  for (let index = 0; index < 3; index++) {
    bench.say("refused");
    await bench.time.advance(GAP_MS);
  }
  await bench.crash();

  const letters = await bench.dead.list(10);
  assert.deepEqual(
    {
      attempts,
      letters: letters.map(({ userId, deviceId, channel, reason, attempts: tries }) => [
        userId,
        deviceId,
        channel,
        reason,
        tries,
      ]),
    },
    {
      attempts: ATTEMPTS_MAX,
      letters: Array.from({ length: 3 }, () => ["ann", "phone", "hook", "http-403", 1]),
    },
  );
});

test("a device that is gone is told nothing any more", async () => {
  const bench = await NotifyBench.open();
  await bench.addDevice("ann", "tablet");
  bench.answer = (deviceId) => (deviceId === "tablet" ? GONE : { kind: "delivered" });

  bench.say("one");
  await bench.time.advance(GAP_MS);
  bench.say("two");
  await bench.time.advance(GAP_MS);

  assert.deepEqual(
    [bench.sent.map(({ deviceId }) => deviceId), bench.service.counts().gone],
    [["phone", "tablet", "phone"], 1],
  );
});

test("a channel that breaks is tried again, and does not stop the others", async () => {
  const bench = await NotifyBench.open();
  let isBroken = true;
  bench.answer = () => {
    if (isBroken) throw new TypeError("a bug");
    return { kind: "delivered" };
  };

  bench.say("hello");
  await bench.time.settle();
  isBroken = false;
  await bench.time.advance(10_000);

  assert.deepEqual(
    [bench.sent.length, bench.logger.errors, bench.service.counts().delivered],
    [2, ["notification-channel-broke"], 1],
  );
});

test("P1: a crash forgets nothing that was to be told, nor what was shown", async () => {
  const bench = await NotifyBench.open();
  bench.say("shown");
  await bench.time.settle();
  bench.connected.add("ann");
  const waiting = bench.say("waiting");
  await bench.crash();
  await bench.time.advance(CONFIRM_MS - 1);
  const early = bench.shown().length;
  await bench.time.advance(1);
  const told = bench.shown();

  await bench.crash();
  bench.read(waiting);
  await bench.time.settle();
  await bench.crash();
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual(
    { early, told, after: bench.shown().slice(told.length), waiting: bench.service.counts().waiting },
    {
      early: 1,
      told: ["phone Team: BOB: shown (1)", "phone Team: BOB: waiting (2)"],
      after: ["phone withdraw (0)"],
      waiting: 0,
    },
  );
});

test("P1: what comes while it is sent is told afterwards", async () => {
  const bench = await NotifyBench.open();
  let release = (): void => undefined;
  bench.answer = () => new Promise((resolve) => (release = () => resolve({ kind: "delivered" })));

  bench.say("one");
  await bench.time.settle();
  bench.say("two");
  release();
  await bench.time.settle();
  const first = bench.shown();
  bench.answer = () => ({ kind: "delivered" });
  await bench.time.advance(GAP_MS);

  assert.deepEqual(
    [first, bench.shown(), bench.service.counts().waiting],
    [["phone Team: BOB: one (1)"], ["phone Team: BOB: one (1)", "phone Team: BOB: two (2)"], 0],
  );
});

test("what the policy forbids is not sent to push services", async () => {
  const bench = await NotifyBench.open();
  const seen = [];
  for (const preview of ["full", "sender", "none"] as const) {
    bench.preview = preview;
    bench.say("secret");
    await bench.time.advance(GAP_MS);
    const { title, text } = bench.sent.at(-1)!.notification;
    seen.push([title, text]);
  }

  assert.deepEqual(seen, [
    ["Team", "BOB: secret"],
    ["Team", "BOB"],
    ["Parley", ""],
  ]);
});

test("what accounts say that talk to everybody comes last, with low urgency, spread over time", async () => {
  const bench = await NotifyBench.open();
  bench.systemAccounts.add("news");
  const conversations = [1, 2, 3].map((index) => `g:news${index}` as ConversationId);
  for (const conversationId of conversations) {
    bench.tell(["ann"], {
      joined: {
        conversationId,
        title: "News",
        firstVisible: 1,
        lastSequence: 0,
        timeMs: 1,
        isShared: false,
        topicPts: 0,
        groupRevision: 0,
        membersRevision: 0,
      },
    });
    bench.say("news", { conversationId, sequence: 1, senderId: "news" as UserId });
  }
  bench.say("hello");

  await bench.time.settle();
  const atOnce = bench.sent.map(({ notification }) => notification.urgency).toSorted();
  await bench.time.advance(LOW_GAP_MS * 2);

  assert.deepEqual(
    [atOnce, bench.sent.slice(2).map(({ notification }) => notification.urgency)],
    [
      ["high", "low"],
      ["low", "low"],
    ],
  );
});

test("a module's event is shown, passed through unseen, or not sent at all", async () => {
  const bench = await NotifyBench.open();

  bench.publish("a", MODULE);
  bench.publish("b", { ...MODULE, push: "data", collapseKey: "" });
  bench.publish("c", { ...MODULE, push: "none" });
  await bench.time.settle();
  bench.set({ doNotDisturb: QUIET });
  bench.publish("d", { ...MODULE, collapseKey: "quiet" });
  await bench.time.settle();

  assert.deepEqual(
    bench.sent.map(({ notification: { kind, title, text, data, collapseKey } }) => ({
      kind,
      title,
      text,
      data: [...data],
      isCollapsed: collapseKey === "list",
    })),
    [
      { kind: "alert", title: "To do", text: "Milk", data: [1], isCollapsed: true },
      { kind: "data", title: "", text: "", data: [1], isCollapsed: false },
    ],
  );
});

test("P4: of too many events of a row the newest are kept", async () => {
  const bench = await NotifyBench.open();
  bench.connected.add("ann");
  const mention = bench.mention("early");
  for (let index = 0; index < EVENTS_MAX; index++) bench.say(`text ${index}`);

  bench.set({ conversationId: GROUP, level: "mentions" });
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual([mention, bench.shown()], [1, []]);
});

test("P4: beyond the rows that fit, shown ones give way, and then new ones are left out and counted", async () => {
  const bench = await NotifyBench.open({ pendingMax: 2 });
  bench.say("shown");
  await bench.time.settle();
  bench.connected.add("ann");
  const keys = ["x", "y", "z"];

  for (const collapseKey of keys) bench.publish(collapseKey, { ...MODULE, collapseKey });
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual(
    {
      keys: bench.sent.map(({ notification }) => notification.collapseKey),
      skipped: bench.service.counts().skipped,
      warnings: bench.logger.warnings,
    },
    { keys: [GROUP, "x"], skipped: 2, warnings: ["notifications-skipped"] },
  );
});

test("after a stop nothing is sent, and the next start goes on", async () => {
  const bench = await NotifyBench.open();
  bench.connected.add("ann");
  bench.say("hello");

  await bench.service.stop();
  await bench.service.stop();
  await bench.time.advance(CONFIRM_MS);
  const before = bench.shown();
  await bench.crash();
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual([before, bench.shown(), TENANT], [[], ["phone Team: BOB: hello (1)"], "acme"]);
});
