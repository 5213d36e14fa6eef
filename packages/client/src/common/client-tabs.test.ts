/**
 * Goal: several tabs are one device: they show the same, one of them has the connection, and whoever goes, freezes or comes late,
 * nothing is lost or comes twice. Method: clients on one store and one server, with a lock and messages as a browser has them.
 */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { GROUP, GROUP_2, OTHER, textsOf } from "../testing/client-bench.js";
import { type BenchTab, TabsBench } from "../testing/tabs-bench.js";
import { TAB_ASK_MS, TAB_ASKS_UNANSWERED_MAX } from "./limits.js";

/** A leader that answers nothing loses its lead within this time. */
const STOLEN_AFTER_MS = TAB_ASK_MS * (TAB_ASKS_UNANSWERED_MAX + 2);

test("tabs have one connection, and all show what comes over it", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  await openIn(bench, first, second);
  bench.world.post(GROUP, OTHER, "hello");
  await bench.sync(first);
  deepEqual(
    [
      bench.server.links.length,
      [first, second].map(({ client }) => [client.isLeading, client.state]),
      textsOf(second.client, GROUP),
      second.client.conversations(),
    ],
    [
      1,
      [
        [true, "live"],
        [false, "live"],
      ],
      textsOf(first.client, GROUP),
      first.client.conversations(),
    ],
  );
});

test("what a tab writes is sent by the one that leads, and shown as on its way in both", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  await openIn(bench, first, second);
  bench.server.script = (frame) => (frame.name === "send" ? "ignore" : "handle");
  await bench.time.run(second.client.sendText(GROUP, "one"));
  await bench.time.advance(5);
  const onItsWay = [first, second].map(({ client }) => textsOf(client, GROUP));
  bench.server.script = () => "handle";
  await bench.time.advance(20_000);
  await bench.sync(second);
  deepEqual(
    [onItsWay, [first, second].map(({ client }) => textsOf(client, GROUP)), placed(bench)],
    [[["one (sending)"], ["one (sending)"]], [["one"], ["one"]], ["one"]],
  );
});

test("a message is placed once whenever the leader is killed after it was given", async () => {
  const outcomes = new Set<string>();
  for (let delayMs = 0; delayMs <= 12; delayMs++) {
    const bench = new TabsBench();
    const [first, second, third] = [await bench.begin(), await bench.begin(), await bench.begin()];
    await openIn(bench, first, second, third);
    const given = third.client.sendText(GROUP, "one");
    await bench.time.advance(delayMs);
    first.kill();
    await bench.time.run(given);
    await bench.time.advance(50);
    await bench.sync(third);
    outcomes.add(
      JSON.stringify([placed(bench), textsOf(third.client, GROUP), textsOf(second.client, GROUP)]),
    );
  }
  deepEqual([...outcomes], [JSON.stringify([["one"], ["one"], ["one"]])]);
});

test("a message that was placed before its tab asks again is not taken twice", async () => {
  const outcomes = new Set<string>();
  for (let delayMs = 0; delayMs <= 12; delayMs++) {
    const bench = new TabsBench();
    const [first, second, third] = [await bench.begin(), await bench.begin(), await bench.begin()];
    await openIn(bench, first, second, third);
    const given = third.client.sendText(GROUP, "one");
    await bench.time.advance(delayMs);
    third.freeze();
    first.kill();
    await bench.time.advance(100);
    third.thaw();
    await bench.time.run(given);
    await bench.sync(third);
    outcomes.add(JSON.stringify([placed(bench), textsOf(third.client, GROUP)]));
  }
  deepEqual([...outcomes], [JSON.stringify([["one"], ["one"]])]);
});

test("a tab that takes the lead shows what the leader before could not tell any more", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  await openIn(bench, first, second);
  bench.hub.isLost = (message) => (message as { kind: string }).kind === "commit";
  bench.world.post(GROUP, OTHER, "one");
  await bench.sync(first);
  const before = textsOf(second.client, GROUP);
  bench.server.isReachable = false;
  first.kill();
  await bench.time.advance(100);
  deepEqual([before, second.client.isLeading, textsOf(second.client, GROUP)], [[], true, ["one"]]);
});

test("a tab that misses a commit reads the store again", async () => {
  const bench = new TabsBench();
  bench.world.join(GROUP_2);
  const [first, second] = [await bench.begin(), await bench.begin()];
  await openIn(bench, first, second);
  let lost = 0;
  bench.hub.isLost = (message) => (message as { kind: string }).kind === "commit" && lost++ < 1;
  for (const conversationId of [GROUP_2, GROUP]) {
    bench.world.post(conversationId, OTHER, "one");
    await bench.sync(first);
  }
  await bench.time.advance(10);
  deepEqual(
    [lost > 1, textsOf(second.client, GROUP), second.client.conversations()],
    [true, ["one"], first.client.conversations()],
  );
});

test("messages given one after another keep their order when the tab that gives them takes the lead", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  await openIn(bench, first, second);
  const texts = ["one", "two", "three", "four", "five"];
  const given = texts.slice(0, 3).map((text) => second.client.sendText(GROUP, text));
  await bench.time.advance(2);
  first.kill();
  await bench.time.advance(2);
  given.push(...texts.slice(3).map((text) => second.client.sendText(GROUP, text)));
  await bench.time.run(Promise.all(given));
  await bench.sync(second);
  deepEqual([placed(bench), textsOf(second.client, GROUP)], [texts, texts]);
});

test("a leader that is frozen loses the lead, and changes nothing when it comes back", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  await openIn(bench, first, second);
  first.freeze();
  const given = second.client.sendText(GROUP, "meanwhile");
  await bench.time.advance(STOLEN_AFTER_MS);
  await bench.time.run(given);
  await bench.sync(second);
  const { leader } = await bench.store.load();
  // As a page that is about to run what waited: its own words first, then what the lock says.
  const late = first.client.sendText(GROUP, "late");
  first.thaw();
  await bench.time.run(late.catch(() => undefined));
  await bench.time.advance(STOLEN_AFTER_MS);
  await bench.sync(second);
  deepEqual(
    [
      [first.client.isLeading, second.client.isLeading],
      (await bench.store.load()).leader === leader,
      textsOf(first.client, GROUP),
      textsOf(second.client, GROUP).includes("meanwhile"),
      placed(bench).filter((text) => text === "meanwhile").length,
      first.logger.errors,
    ],
    [[false, true], true, textsOf(second.client, GROUP), true, 1, []],
  );
});

test("a tab that was frozen itself takes no lead from one that lives, and shows what it missed", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  await openIn(bench, first, second);
  second.freeze();
  for (let count = 0; count < 4; count++) {
    await bench.time.advance(60_000);
    bench.world.post(GROUP, OTHER, "hello");
    await bench.sync(first);
  }
  second.thaw();
  await bench.time.advance(STOLEN_AFTER_MS);
  deepEqual(
    [
      bench.hub.stolen,
      second.client.isLeading,
      textsOf(second.client, GROUP).length,
      textsOf(second.client, GROUP),
    ],
    [0, false, 4, textsOf(first.client, GROUP)],
  );
});

test("reading, hiding and older messages are asked for by the leader, once", async () => {
  const bench = new TabsBench();
  bench.world.grow(GROUP, 120);
  const [first, second] = [await bench.begin(), await bench.begin()];
  await openIn(bench, second);
  await bench.time.run(second.client.loadOlder(GROUP));
  second.client.markRead(GROUP);
  await bench.time.run(second.client.hide(GROUP, [119]));
  await bench.sync(first);
  deepEqual(
    [
      second.client.timeline(GROUP)?.messages.length,
      [first, second].map(({ client }) => client.conversations()[0]?.readSequence),
      bench.server.links.length,
    ],
    [99, [120, 120], 1],
  );
});

test("what the connection does shows in all tabs, and each may end the wait for the next try", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  bench.server.isReachable = false;
  bench.server.cut();
  await bench.time.advance(5_000);
  const without = [first, second].map(({ client }) => client.state);
  bench.server.isReachable = true;
  second.client.connectNow();
  await bench.time.advance(10);
  deepEqual(
    [without, [first, second].map(({ client }) => client.state)],
    [
      ["waiting", "waiting"],
      ["live", "live"],
    ],
  );
});

test("a request that the leader cannot answer fails in the tab that asked, as it would there", async () => {
  const bench = new TabsBench();
  const [, second] = [await bench.begin(), await bench.begin()];
  bench.server.script = (frame) =>
    frame.name === "recall" ? { code: "too-late", message: "It is too late.", retry: "never" } : "handle";
  const code = await bench.time.run(
    second.client.recall(GROUP, 1).then(
      () => "done",
      (error: unknown) => failureCode(error),
    ),
  );
  deepEqual(code, "too-late");
});

test("a request outlives the tab that leads", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  bench.world.grow(GROUP, 3);
  await bench.sync(first);
  bench.server.script = (frame) => (frame.name === "getHistory" ? "ignore" : "handle");
  const opened = second.client.open(GROUP);
  await bench.time.advance(10);
  bench.server.script = () => "handle";
  first.kill();
  const { messages } = await bench.time.run(opened);
  deepEqual([messages.length, second.client.isLeading], [3, true]);
});

test("a tab that stops gives the lead to another, and the last one keeps everything", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  await bench.time.run(first.client.stop());
  await bench.time.advance(20);
  await bench.time.run(second.client.settled(10_000));
  const ledBySecond = second.client.isLeading;
  await bench.time.run(first.client.start());
  await bench.time.advance(20);
  deepEqual([ledBySecond, first.client.isLeading, first.client.state], [true, false, "live"]);
});

test("wiping in one tab stops all and leaves nothing, without a connection too", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  bench.server.isReachable = false;
  bench.server.cut();
  await bench.time.advance(100);
  await bench.time.run(second.client.sendText(GROUP, "never sent"));
  const wiped: string[] = [];
  first.client.on("wiped", () => wiped.push("first"));
  second.client.on("wiped", () => wiped.push("second"));
  await bench.time.run(second.client.wipe());
  await bench.time.advance(100);
  const { owner, outbox, entries } = await bench.store.load();
  deepEqual(
    [wiped.toSorted(), owner, outbox, entries, [first, second].map(({ client }) => client.state)],
    [["first", "second"], undefined, [], [], ["idle", "idle"]],
  );
});

async function openIn(bench: TabsBench, ...tabs: readonly BenchTab[]): Promise<void> {
  for (const { client } of tabs) await bench.time.run(client.open(GROUP));
}

/** The texts that the server has, in their order. */
function placed(bench: TabsBench): readonly string[] {
  return (bench.world.messages.get(GROUP) ?? []).flatMap((message) => message?.body?.text?.text ?? []);
}
