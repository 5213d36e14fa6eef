import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type Frame, SENDS_IN_FLIGHT_MAX } from "@parley/protocol";
import { createClientBench, GROUP, GROUP_2, OTHER, textsOf } from "../testing/client-bench.js";
import type { Script } from "../testing/scripted-server.js";

const isSendOf = (frame: Frame, text: string): boolean =>
  frame.name === "send" && frame.payload.body?.text?.text === text;

test("messages are placed in the order they were written", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  const texts = Array.from({ length: 100 }, (_, index) => `m${index}`);
  await Promise.all(texts.map((text) => bench.client.sendText(GROUP, text)));
  await bench.sync();
  deepEqual([textsOf(bench.client, GROUP), (await bench.store.load()).outbox], [texts, []]);
  await bench.client.stop();
});

test("at most 16 sends of a conversation are without an answer, and the very first goes alone", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.server.script = (frame) => (frame.name === "send" ? "ignore" : "handle");
  for (let index = 0; index < 3; index++) await bench.client.sendText(GROUP, `first ${index}`);
  await bench.time.advance(100);
  const first = bench.server.framesOf("send").length;
  bench.server.script = () => "handle";
  await bench.time.run(bench.client.settled(60_000));
  bench.server.received.length = 0;
  bench.server.script = (frame) => (frame.name === "send" ? "ignore" : "handle");
  for (let index = 0; index < 40; index++) await bench.client.sendText(GROUP, `m${index}`);
  await bench.time.advance(1000);
  deepEqual([first, bench.server.framesOf("send").length], [1, 16]);
  await bench.client.stop();
});

test("a message is pending until the server has placed it, and shown once", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  const seen: string[] = [];
  bench.client.on("timeline", () => seen.push(textsOf(bench.client, GROUP).join()));
  await bench.client.sendText(GROUP, "hello");
  await bench.sync();
  deepEqual([...new Set(seen)], ["hello (queued)", "hello (sending)", "hello"]);
  await bench.client.stop();
});

test("the outbox outlives a restart", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.server.isReachable = false;
  bench.server.cut();
  await bench.time.advance(1);
  for (const text of ["a", "b"]) await bench.client.sendText(GROUP, text);
  await bench.client.stop();
  bench.server.isReachable = true;
  const client = bench.restart();
  await client.start();
  await bench.time.run(client.settled(60_000));
  await bench.time.run(client.open(GROUP));
  deepEqual(textsOf(client, GROUP), ["a", "b"]);
  await client.stop();
});

test("a send whose answer was lost is placed once", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  bench.server.script = (frame) => {
    if (!isSendOf(frame, "b")) return "handle";
    bench.server.script = () => "handle";
    bench.server.cut();
    return "handle-silently";
  };
  for (const text of ["a", "b", "c"]) await bench.client.sendText(GROUP, text);
  await bench.sync();
  const numbers = bench.server.framesOf("send").map((send) => `${send.body?.text?.text} ${send.number}`);
  deepEqual(
    [textsOf(bench.client, GROUP), new Set(numbers.filter((one) => one.startsWith("b")))],
    [["a", "b", "c"], new Set(["b 2"])],
  );
  await bench.client.stop();
});

test("a send without an answer is repeated with its number", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  let count = 0;
  bench.server.script = (frame) => (frame.name === "send" && count++ === 0 ? "ignore" : "handle");
  for (const text of ["a", "b"]) await bench.client.sendText(GROUP, text);
  await bench.time.advance(30_000);
  const sends = bench.server.framesOf("send").map((send) => `${send.body?.text?.text} ${send.number}`);
  deepEqual([textsOf(bench.client, GROUP), sends.filter((one) => one === "a 1").length], [["a", "b"], 2]);
  await bench.client.stop();
});

test("after a refusal that names the expected number the queue is numbered from it", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  // The server has numbers of this device that its store does not know, as after a lost browser profile.
  bench.world.lane(GROUP).last = 40;
  for (const text of ["a", "b", "c"]) await bench.client.sendText(GROUP, text);
  await bench.sync();
  deepEqual(
    [
      textsOf(bench.client, GROUP),
      bench.world.lane(GROUP).last,
      (await bench.store.load()).nextNumbers.get(GROUP),
    ],
    [["a", "b", "c"], 43, 44],
  );
  await bench.client.stop();
});

test("a message refused for good fails, and those behind it go on in order", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  bench.server.script = (frame) =>
    isSendOf(frame, "b") ? { code: "not-allowed", retry: "never" } : "handle";
  for (const text of ["a", "b", "c", "d"]) await bench.client.sendText(GROUP, text);
  await bench.sync();
  const failed = bench.client.timeline(GROUP)?.pending[0];
  deepEqual(
    [textsOf(bench.client, GROUP), failed?.failureCode],
    [["a", "c", "d", "b (failed)"], "not-allowed"],
  );
  await bench.client.stop();
});

test("a failed message that is tried again goes to the end with its client message id", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  bench.server.script = (frame) =>
    isSendOf(frame, "b") ? { code: "not-allowed", retry: "never" } : "handle";
  for (const text of ["a", "b", "c"]) await bench.client.sendText(GROUP, text);
  await bench.sync();
  const id = bench.client.timeline(GROUP)?.pending[0]?.clientMessageId ?? "";
  bench.server.script = () => "handle";
  await bench.client.retry(GROUP, id);
  await bench.sync();
  const last = bench.client.timeline(GROUP)?.messages.at(-1)?.clientMessageId;
  deepEqual([textsOf(bench.client, GROUP), last], [["a", "c", "b"], id]);
  await bench.client.stop();
});

test("only a failed message can be discarded", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  bench.server.script = (frame) =>
    frame.name === "send" ? { code: "not-allowed", retry: "never" } : "handle";
  const failed = await bench.client.sendText(GROUP, "a");
  await bench.time.advance(1000);
  bench.server.script = (frame) => (frame.name === "send" ? "ignore" : "handle");
  const queued = await bench.client.sendText(GROUP, "b");
  await bench.client.discard(GROUP, failed.clientMessageId);
  await rejects(bench.client.discard(GROUP, queued.clientMessageId), { code: "bad-request" });
  await bench.time.advance(10);
  deepEqual(textsOf(bench.client, GROUP), ["b (sending)"]);
  await bench.client.stop();
});

test("a refusal for now is tried again, and nothing overtakes", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  let count = 0;
  bench.server.script = (frame) =>
    isSendOf(frame, "a") && count++ < 3
      ? { code: "storage-full", retry: "same", retryAfterMs: 2000 }
      : "handle";
  for (const text of ["a", "b", "c"]) await bench.client.sendText(GROUP, text);
  await bench.time.advance(5000);
  const early = textsOf(bench.client, GROUP);
  await bench.time.advance(20_000);
  deepEqual(
    [early, textsOf(bench.client, GROUP)],
    [
      ["a (queued)", "b (queued)", "c (queued)"],
      ["a", "b", "c"],
    ],
  );
  await bench.client.stop();
});

test("a message to a conversation that one is not in fails", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP_2));
  await bench.client.sendText(GROUP_2, "a");
  await bench.time.advance(1000);
  deepEqual(
    bench.client.timeline(GROUP_2)?.pending.map((item) => item.failureCode),
    ["not-a-member"],
  );
  await bench.client.stop();
});

test("a text beyond the limit is refused before it is queued", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.sendText(GROUP, "é".repeat(8 * 1024));
  await rejects(bench.client.sendText(GROUP, `${"é".repeat(8 * 1024)}a`), { code: "message-too-large" });
  await bench.client.stop();
});

test("a message that is refused for now after its answer was lost keeps its number", async () => {
  const bench = createClientBench();
  await bench.begin();
  const answers = new Map<string, Script[]>([
    ["a", ["handle-silently", { code: "storage-full", retry: "same" }]],
    ["b", ["ignore", { code: "not-a-member", retry: "after-change" }]],
  ]);
  bench.server.script = (frame) => {
    if (frame.name !== "send") return "handle";
    const answer = answers.get(frame.payload.body?.text?.text ?? "")?.shift() ?? "handle";
    if (answer === "ignore") bench.server.cut();
    return answer;
  };
  // The event of the message would tell as well; it is late.
  bench.server.isHoldingPushes = true;
  await bench.client.sendText(GROUP, "a");
  await bench.client.sendText(GROUP, "b");
  await bench.time.advance(10_000);
  bench.server.isHoldingPushes = false;
  await bench.sync();
  const { outbox } = await bench.store.load();
  await bench.client.open(GROUP);
  const numbers = bench.server
    .framesOf("send")
    .flatMap(({ body, number }) => (body?.text?.text === "a" ? [number] : []));
  deepEqual(
    [textsOf(bench.client, GROUP), outbox.map(({ failureCode }) => failureCode), new Set(numbers)],
    [["a", "b (failed)"], ["not-a-member"], new Set([1])],
  );
  await bench.client.stop();
});

test("nothing is sent whose number would make the server forget one that may have been placed already", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  await bench.client.sendText(GROUP, "first");
  await bench.sync();
  // The second one is placed, its answer is lost, and for a while nobody can say so: its event is late, too.
  bench.server.isHoldingPushes = true;
  bench.server.script = (frame) => {
    if (frame.name !== "send") return "handle";
    return isSendOf(frame, "1") ? "handle-silently" : "handle";
  };
  const texts = Array.from({ length: 40 }, (_, index) => `${index + 1}`);
  for (const text of texts) await bench.client.sendText(GROUP, text);
  await bench.time.advance(100);
  bench.server.script = (frame) => (isSendOf(frame, "1") ? { code: "unavailable", retry: "same" } : "handle");
  for (let times = 0; times < 3; times++) {
    bench.server.cut(1006);
    await bench.time.advance(5_000);
  }
  const highest = Math.max(...bench.server.framesOf("send").map(({ number }) => number));
  bench.server.script = () => "handle";
  bench.server.isHoldingPushes = false;
  await bench.time.advance(60_000);
  deepEqual([highest, textsOf(bench.client, GROUP)], [1 + SENDS_IN_FLIGHT_MAX, ["first", ...texts]]);
  await bench.client.stop();
});

test("a device whose store was lost goes on in order", async () => {
  const bench = createClientBench();
  await bench.begin();
  for (const text of ["a", "b"]) await bench.client.sendText(GROUP, text);
  await bench.sync();
  await bench.client.stop();
  await bench.store.commit([{ kind: "clear" }]);
  const client = bench.restart();
  await client.start();
  await bench.time.run(client.settled(60_000));
  for (const text of ["c", "d", "e"]) await client.sendText(GROUP, text);
  await bench.time.run(client.settled(60_000));
  await bench.time.run(client.open(GROUP));
  deepEqual(textsOf(client, GROUP), ["a", "b", "c", "d", "e"]);
  await client.stop();
});

test("a number of unknown outcome is not given to another message", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  // "a" is accepted and nobody tells; "b" is lost; "c" learns that the server expects the number of "b".
  bench.server.isHoldingPushes = true;
  bench.server.script = (frame) => {
    if (isSendOf(frame, "a")) return "handle-silently";
    return isSendOf(frame, "b") ? "ignore" : "handle";
  };
  for (const text of ["a", "b", "c"]) await bench.client.sendText(GROUP, text);
  await bench.time.advance(1000);
  bench.server.script = () => "handle";
  await bench.time.advance(40_000);
  bench.server.isHoldingPushes = false;
  await bench.sync();
  deepEqual(
    bench.world.messages.get(GROUP)?.map((message) => message.body?.text?.text),
    ["a", "b", "c"],
  );
  await bench.client.stop();
});

test("my message whose predecessor is still on its way stays pending, then falls into its place", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  bench.world.post(GROUP, OTHER, "a");
  await bench.sync();
  bench.server.isHoldingPushes = true;
  bench.world.post(GROUP, OTHER, "b");
  await bench.client.sendText(GROUP, "c");
  await bench.time.advance(100);
  const before = textsOf(bench.client, GROUP);
  bench.server.isHoldingPushes = false;
  await bench.sync();
  deepEqual(
    [before, textsOf(bench.client, GROUP)],
    [
      ["a", "c (sending)"],
      ["a", "b", "c"],
    ],
  );
  await bench.client.stop();
});

test("a message of mine hidden before its answer came stays hidden", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.client.open(GROUP);
  bench.server.script = (frame) => {
    if (frame.name !== "send") return "handle";
    const { requestId, conversationId, clientMessageId } = frame.payload;
    const message = bench.world.post(conversationId, bench.client.self, "a", clientMessageId);
    bench.world.hide(conversationId, [message.sequence]);
    bench.server.push();
    bench.time.after(50, () => bench.server.say("sent", { ...message, requestId }));
    return "ignore";
  };
  await bench.client.sendText(GROUP, "a");
  await bench.time.advance(1000);
  deepEqual(await bench.store.readMessages(GROUP, { first: 1, last: 9 }), []);
  await bench.client.stop();
});

/** A message is placed, its answer is lost, a Rebase steps over its event, and only then the repeated send is answered. */
async function stepOverMine(message: { readonly isHidden: boolean }) {
  const bench = createClientBench();
  await bench.begin();
  bench.world.post(GROUP, OTHER, "a");
  await bench.sync();
  bench.server.script = (frame) => {
    if (frame.name !== "send") return "handle";
    const { conversationId, clientMessageId } = frame.payload;
    const mine = bench.world.post(conversationId, bench.client.self, "mine", clientMessageId);
    bench.world.post(conversationId, OTHER, "b");
    if (message.isHidden) bench.world.hide(conversationId, [mine.sequence]);
    bench.world.epoch = 9;
    bench.server.script = (again) => {
      if (again.name !== "send") return "handle";
      const { requestId } = again.payload;
      bench.time.after(5_000, () => bench.server.say("sent", { ...mine, requestId }));
      return "ignore";
    };
    bench.server.cut();
    return "ignore";
  };
  await bench.client.sendText(GROUP, "mine");
  await bench.time.advance(0);
  await bench.time.run(bench.client.settled(60_000));
  const { outbox } = await bench.store.load();
  const stored = await bench.store.readMessages(GROUP, { first: 1, last: 9 });
  await bench.time.run(bench.client.open(GROUP));
  const shown = textsOf(bench.client, GROUP);
  await bench.client.stop();
  return { waiting: outbox.length, stored: stored.map(({ sequence }) => sequence), shown };
}

test("a message of mine whose place a rebase stepped over does not come back when it was hidden there", async () => {
  const { waiting, stored, shown } = await stepOverMine({ isHidden: true });
  deepEqual([waiting, stored, shown], [0, [1], ["a", "b"]]);
});

test("a message of mine whose place a rebase stepped over is fetched when it is looked at", async () => {
  const { waiting, stored, shown } = await stepOverMine({ isHidden: false });
  deepEqual([waiting, stored, shown], [0, [1], ["a", "mine", "b"]]);
});

for (const first of ["answer", "event"] as const) {
  test(`what the review says instead is what is shown and stored, with the ${first} first`, async () => {
    const bench = createClientBench();
    await bench.begin();
    await bench.client.open(GROUP);
    bench.server.replacement = "fine";
    bench.server.isHoldingPushes = first === "answer";
    bench.server.script = (frame) =>
      frame.name === "send" && first === "event" ? "handle-silently" : "handle";
    await bench.client.sendText(GROUP, "darn");
    await bench.time.advance(100);
    bench.server.script = () => "handle";
    bench.server.isHoldingPushes = false;
    bench.server.push();
    await bench.sync();
    deepEqual([textsOf(bench.client, GROUP), (await bench.store.load()).outbox], [["fine"], []]);
    await bench.client.stop();
  });
}
