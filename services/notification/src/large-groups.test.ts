/** Who is told of what is said in a large group: cited by the invariants at the head of large-groups.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DoNotDisturb, filled, NEVER_MS } from "@parley/protocol";
import { CONFIRM_MS, GAP_MS } from "./notification-service.js";
import { CROWD, GroupBench, PER_TURN } from "./testing/group-bench.js";

const SETTINGS = { conversationId: CROWD, mutedUntilMs: 0 };

test("by default those are told whom a message mentions, by name or with all, and nobody of others", async () => {
  const bench = await GroupBench.open("ann", "bob");

  bench.say("nobody");
  bench.say("by name", ["ann"]);
  await bench.time.advance(GAP_MS);
  bench.say("to all", "all");
  await bench.time.advance(GAP_MS);

  assert.deepEqual(bench.told(), ["ann ZOE: by name", "ann ZOE: to all", "bob ZOE: to all"]);
});

test("the level says what is told, mutes and do-not-disturb what is not", async () => {
  const bench = await GroupBench.open("all", "mentions", "none", "muted", "quiet");
  bench.set("all", { ...SETTINGS, level: "all" });
  bench.set("mentions", { ...SETTINGS, level: "mentions" });
  bench.set("none", { ...SETTINGS, level: "none" });
  bench.set("muted", { ...SETTINGS, level: "all", mutedUntilMs: NEVER_MS });
  bench.set("quiet", { ...SETTINGS, level: "all" });
  const doNotDisturb = filled(DoNotDisturb, { isOn: true, timeZone: "UTC", letsMentionsThrough: true });
  bench.set("quiet", { doNotDisturb });

  bench.say("plain");
  await bench.time.advance(GAP_MS);
  const plain = bench.told();
  bench.say("mention", "all");
  await bench.time.advance(GAP_MS);

  assert.deepEqual(
    { plain, mention: bench.told() },
    {
      plain: ["all ZOE: plain"],
      mention: ["all ZOE: mention", "mentions ZOE: mention", "quiet ZOE: mention"],
    },
  );
});

test("of a directed message its audience alone is told, and nobody who is no member", async () => {
  const bench = await GroupBench.open("ann", "bob", "cy");
  bench.set("bob", { ...SETTINGS, level: "all" });
  await bench.addDevice("stranger");
  bench.leave("cy");

  bench.say("to ann", "all", ["ann"]);
  bench.say("to all", ["cy", "stranger"]);
  await bench.time.advance(GAP_MS);

  assert.deepEqual(bench.told(), ["ann ZOE: to ann", "bob ZOE: to all"]);
});

test("what is read, recalled or left is not told, and taken away where it is shown; an edit shows", async () => {
  const bench = await GroupBench.open("ann", "bob", "cy");
  const shown = bench.say("shown", "all");
  await bench.time.settle();
  for (const name of ["ann", "bob", "cy"]) bench.connected.add(name);
  const first = bench.told();

  bench.read("ann", shown);
  bench.leave("bob");
  bench.edit(bench.say("typo", ["cy"]), "right");
  bench.read("ann", bench.say("read", ["ann"]));
  bench.recall(bench.say("recalled", ["cy"]));
  await bench.time.advance(CONFIRM_MS);
  const second = bench.told();
  bench.recall(bench.say("never", ["ann"]));
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual(
    { first, second, third: bench.told() },
    {
      first: ["ann ZOE: shown", "bob ZOE: shown", "cy ZOE: shown"],
      second: ["ann withdraw", "bob withdraw", "cy ZOE: right"],
      third: [],
    },
  );
});

test("a recalled message is taken away from the screens of all", async () => {
  const bench = await GroupBench.open("ann", "bob");
  const sequence = bench.say("shown", "all");
  await bench.time.advance(GAP_MS);
  bench.told();

  bench.recall(sequence);
  await bench.time.advance(GAP_MS);

  assert.deepEqual(bench.told(), ["ann withdraw", "bob withdraw"]);
});

test("a device that confirms the topic in time is enough, and one that confirms the queue is not", async () => {
  const bench = await GroupBench.open("ann", "bob");
  bench.connected.add("ann").add("bob");

  bench.say("mention", "all");
  await bench.time.advance(CONFIRM_MS - 1);
  bench.confirm("ann");
  bench.service.onConfirmed({ tenantId: "acme" as never, userId: "bob" as never }, 1_000);
  await bench.time.advance(1);

  assert.deepEqual(bench.told(), ["bob ZOE: mention"]);
});

test("G1: a crash that leaves the conversation and not the users is made up for, after the time to come back", async () => {
  const bench = await GroupBench.open("ann", "bob");
  await bench.checkpoint();
  bench.connected.add("ann").add("bob");
  bench.set("bob", { ...SETTINGS, level: "all" });
  bench.say("mention", ["ann"]);
  bench.say("plain");
  await bench.crash("conversation");

  bench.connected.clear();
  await bench.time.advance(CONFIRM_MS - 1);
  const early = bench.told();
  await bench.time.advance(1);

  assert.deepEqual(
    { early, told: bench.told().toSorted(), settled: bench.settled.end === bench.settled.of },
    { early: [], told: ["ann ZOE: mention", "bob ZOE: plain"], settled: true },
  );
});

test("G1: nothing of a crash that leaves nothing is lost, nor of a second one before the first is made up for", async () => {
  const bench = await GroupBench.open("ann");
  bench.connected.add("ann");
  bench.say("mention", ["ann"]);
  await bench.crash("nothing");
  await bench.crash("conversation");
  await bench.crash("conversation");
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual(bench.told(), ["ann ZOE: mention"]);
});

test("G1: a recall whose rows a crash lost is made up for", async () => {
  const bench = await GroupBench.open("ann", "bob");
  const sequence = bench.say("shown", ["ann"]);
  const kept = bench.say("kept", ["bob"]);
  await bench.time.advance(GAP_MS);
  await bench.checkpoint();
  const before = bench.told();
  // It is noted, and not taken away any more.
  await bench.service.stop();
  bench.recall(sequence);
  await bench.crash("conversation");
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual(
    { before, after: bench.told(), kept },
    { before: ["ann ZOE: shown", "bob ZOE: kept"], after: ["ann withdraw"], kept: sequence + 1 },
  );
});

test("G2: what was told or read is not told again by a replay", async () => {
  const bench = await GroupBench.open("ann", "bob", "cy");
  bench.connected.add("bob").add("cy");
  const sequence = bench.say("mention", "all");
  bench.read("bob", sequence);
  await bench.time.settle();
  const before = bench.told();
  await bench.crash("all");
  await bench.crash("all");
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual(
    { before, after: bench.told() },
    { before: ["ann ZOE: mention"], after: ["cy ZOE: mention"] },
  );
});

test("who asked for everything is known after a restart, and when the first device comes later", async () => {
  const bench = await GroupBench.open("ann");
  for (const name of ["ann", "zoe"]) bench.set(name, { ...SETTINGS, level: "all" });
  bench.apply({
    members: {
      actorId: "zoe" as never,
      userIds: ["dan" as never],
      isRemoval: false,
      messageId: "dan" as never,
      sharedFrom: 1,
      scenarioRole: "",
      fields: [],
    },
  });
  bench.set("dan", { ...SETTINGS, level: "all" });
  await bench.checkpoint();
  await bench.crash("nothing");

  bench.say("one");
  await bench.time.advance(GAP_MS);
  const before = bench.told();
  await bench.addDevice("dan");
  bench.say("two");
  await bench.time.advance(GAP_MS);
  const after = bench.told();
  bench.set("ann", { ...SETTINGS, level: "mentions" });
  await bench.checkpoint();
  await bench.crash("nothing");
  bench.say("three");
  await bench.time.advance(GAP_MS);

  assert.deepEqual(
    { before, after, third: bench.told() },
    { before: ["ann ZOE: one"], after: ["ann ZOE: two", "dan ZOE: two"], third: ["dan ZOE: three"] },
  );
});

test("G4: more people than fit in a turn are noted in turns, and until then no checkpoint passes the message", async () => {
  const names = Array.from({ length: PER_TURN * 3 }, (_, index) => `u${index}`);
  const bench = await GroupBench.open(...names);
  bench.say("to all", "all");
  const { end, of } = bench.settled;
  await bench.checkpoint();
  await bench.crash("nothing");
  await bench.time.advance(CONFIRM_MS);

  assert.deepEqual(
    { held: of - end, told: new Set(bench.told()).size, third: bench.settled.end === bench.settled.of },
    { held: 1, told: names.length, third: true },
  );
});
