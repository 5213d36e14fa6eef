/** Bodies of any kind, directed messages, forwards, quotes, mentions and signals on a device. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import {
  Body,
  decode,
  filled,
  MERGED_BYTES_MAX,
  plainText,
  RichBlock,
  RichSpan,
  type UserId,
} from "@parley/protocol";
import { createClientBench, GROUP, GROUP_2, OTHER, SELF, textsOf } from "../testing/client-bench.js";
import { createMemoryStore } from "./memory-store.js";

const SIGNAL = filled(Body, { signal: { type: "typing", payload: Uint8Array.of(1, 2) } });
const RICH = filled(Body, {
  rich: {
    blocks: [
      filled(RichBlock, { kind: "paragraph", spans: [filled(RichSpan, { text: "bold", isBold: true })] }),
    ],
  },
  mentions: { userIds: [OTHER], isAll: false },
});

test("a body of any kind is stored under its place as the server has it", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  await bench.time.run(bench.client.send(GROUP, RICH, [OTHER]));
  await bench.sync();
  const [stored] = await bench.store.readMessages(GROUP, { first: 1, last: 9 });
  deepEqual(
    [stored, bench.client.timeline(GROUP)?.messages],
    [bench.world.messages.get(GROUP)![0], [stored]],
  );
  await bench.client.stop();
});

test("a place that is void for me is held, and neither list nor timeline show it", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  bench.world.post(GROUP, OTHER, "one");
  bench.world.postToOthers(GROUP, OTHER);
  bench.world.post(GROUP, OTHER, "three");
  await bench.sync();
  const [entry] = bench.client.conversations();
  deepEqual(
    [
      textsOf(bench.client, GROUP),
      entry?.lastSequence,
      entry?.unreadRanges,
      bench.server.framesOf("getHistory").length,
      await bench.time.run(bench.client.verify(GROUP)),
    ],
    [["one", "three"], 3, [1, 1, 3, 3], 0, false],
  );
  await bench.client.stop();
});

test("a signal is told once, and is in no timeline, list or count", async () => {
  const bench = createClientBench();
  const told: unknown[] = [];
  bench.client.on("signal", ({ message }) => told.push([message.sequence, message.body?.signal?.payload]));
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  bench.world.post(GROUP, OTHER, "one");
  bench.world.post(GROUP, OTHER, SIGNAL);
  await bench.sync();
  bench.server.cut();
  await bench.time.run(bench.client.settled(60_000));
  const [entry] = bench.client.conversations();
  deepEqual(
    [told, textsOf(bench.client, GROUP), entry?.unread, entry?.lastMessage?.sequence],
    [[[2, Uint8Array.of(1, 2)]], ["one"], 1, 1],
  );
  await bench.client.stop();
});

test("my signal is not shown as pending either", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  bench.server.script = () => "ignore";
  await bench.client.send(GROUP, SIGNAL);
  deepEqual(bench.client.timeline(GROUP)?.pending, []);
  await bench.client.stop();
});

test("what is sent on is shown as far as it is held, and is what the server made of it", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP_2);
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  await bench.time.run(bench.client.open(GROUP_2));
  for (const text of ["one", "two"]) bench.world.post(GROUP_2, OTHER, text);
  await bench.sync();
  bench.server.script = () => "ignore";
  const source = { conversationId: GROUP_2, sequences: [2, 1] };
  const shown = await bench.client.forward(GROUP, source);
  bench.world.change(GROUP_2, 2, "better");
  bench.server.script = () => "handle";
  bench.server.cut();
  await bench.time.run(bench.client.settled(60_000));
  await bench.time.run(bench.client.forward(GROUP, source, { isMerged: true, title: "Both" }));
  await bench.sync();
  const messages = await bench.store.readMessages(GROUP, { first: 1, last: 9 });
  const [first, second, merged] = messages.map(({ body }) => body!);
  deepEqual(
    [
      shown.map(({ body }) => [plainText(body), body.forwarded?.senderId]),
      [first, second].map((body) => [plainText(body), body?.forwarded?.senderId]),
      merged?.merged?.items.map((item) => plainText(decode(Body, item.body))),
      bench.client.timeline(GROUP)?.pending,
    ],
    [
      [
        ["one", OTHER],
        ["two", OTHER],
      ],
      [
        ["one", OTHER],
        ["better", OTHER],
      ],
      ["one", "better"],
      [],
    ],
  );
  await bench.client.stop();
});

test("what is sent on and not held is shown when its event comes", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP_2, 3);
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  bench.server.isHoldingPushes = true;
  const [pending] = await bench.client.forward(GROUP, { conversationId: GROUP_2, sequences: [3] });
  await bench.time.advance(1);
  const before = textsOf(bench.client, GROUP);
  bench.server.isHoldingPushes = false;
  await bench.sync();
  deepEqual(
    [pending?.body, before, textsOf(bench.client, GROUP)],
    [filled(Body, {}), ["? (sending)"], ["old 2"]],
  );
  await bench.client.stop();
});

test("a quoted message comes from the store, else from the server, and what I do not see from neither", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP_2, 5);
  await bench.begin();
  bench.world.post(GROUP_2, OTHER, "six");
  bench.world.postToOthers(GROUP_2, OTHER);
  bench.world.hide(GROUP_2, [2]);
  bench.world.change(GROUP_2, 3);
  await bench.sync();
  // Its answers answer two at a time.
  bench.server.historySize = 2;
  const found = await bench.time.run(bench.client.lookUp(GROUP_2, [7, 6, 5, 3, 2, 1, 99]));
  deepEqual(
    [
      found.map((message) => message && (plainText(message.body) || "recalled")),
      bench.server.framesOf("getMessages").map(({ sequences }) => sequences),
    ],
    [
      [undefined, "six", "old 4", "recalled", undefined, "old 0", undefined],
      [[5, 3, 2, 1, 99], [2, 1, 99], [99]],
    ],
  );
  await bench.client.stop();
});

test("mentions come page by page, without those that show none", async () => {
  const bench = createClientBench();
  await bench.begin();
  const said = ["one", "two"].map((text) => bench.world.post(GROUP, OTHER, text));
  bench.server.mentions = [[], [], [said[1]!], [], [said[0]!]];
  const first = await bench.time.run(bench.client.mentions());
  const second = await bench.time.run(bench.client.mentions(first.next));
  deepEqual(
    [first, second].map(({ messages, next }) => [messages.map(({ body }) => plainText(body)), next]),
    [
      [["two"], "3"],
      [["one"], ""],
    ],
  );
  await bench.client.stop();
});

test("what is too large for everybody is not stored to be sent", async () => {
  const bench = createClientBench();
  await bench.begin();
  const custom = { type: "a", payload: new Uint8Array(MERGED_BYTES_MAX * 2), fallbackText: "b" };
  const code = await bench.client.send(GROUP, { custom }).catch((error: unknown) => failureCode(error));
  deepEqual([code, (await bench.store.load()).outbox], ["message-too-large", []]);
  await bench.client.stop();
});

test("an entry that was stored before there were mentions has none, and takes them", async () => {
  const store = createMemoryStore();
  const before = createClientBench(1, store);
  await before.begin();
  await before.client.stop();
  const { unreadMentions: _without, ...old } = (await store.load()).entries[0]!;
  await store.commit([{ kind: "put-entry", entry: old as never }]);
  const after = createClientBench(2, store);
  await after.begin();
  const mentions = { userIds: [SELF], isAll: false };
  after.world.post(GROUP, "other" as UserId, filled(Body, { text: { text: "@self" }, mentions }));
  await after.sync();
  deepEqual(after.client.conversations()[0]?.unreadMentions, [1]);
  await after.client.stop();
});
