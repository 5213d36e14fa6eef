/** Messages that are edited and recalled change on the device, whatever it holds and in whatever order it learns of it. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { type Message, TEXT_BYTES_MAX, textBody, JoinedEvent, filled } from "@parley/protocol";
import { type ClientBench, createClientBench, GROUP, OTHER, SELF, textsOf } from "../testing/client-bench.js";
import { createMemoryStore } from "./memory-store.js";
import { History } from "./history.js";
import { Replica } from "./replica.js";

/** What of the conversation is in the store: text and revision by place. */
async function storedOf({ store }: ClientBench): Promise<readonly unknown[]> {
  const messages = await store.readMessages(GROUP, { first: 1, last: Number.MAX_SAFE_INTEGER });
  return messages.map(({ sequence, revision, body }) => [sequence, revision, body?.text?.text]);
}

async function holding(...texts: string[]): Promise<ClientBench> {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  for (const text of texts) bench.world.post(GROUP, OTHER, text);
  await bench.sync();
  return bench;
}

test("an edit and a recall show in an open timeline, in the list and in the store", async () => {
  const bench = await holding("one", "two");
  let count = 0;
  bench.client.on("timeline", () => (count += 1));
  bench.world.change(GROUP, 1, "better");
  bench.world.change(GROUP, 2);
  await bench.sync();
  const { lastMessage, unread } = bench.client.conversations()[0]!;
  deepEqual(
    [
      textsOf(bench.client, GROUP),
      await storedOf(bench),
      [lastMessage?.recall?.actorId, lastMessage?.body, unread],
      count > 0,
    ],
    [
      ["better", "?"],
      [
        [1, 1, "better"],
        [2, 1, undefined],
      ],
      [OTHER, undefined, 1],
      true,
    ],
  );
  await bench.client.stop();
});

test("I edit and recall my messages, ask what they said before, and a text beyond the limit is not sent", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  bench.world.post(GROUP, SELF, "mine");
  bench.world.post(GROUP, SELF, "mine too");
  await bench.time.run(bench.client.edit(GROUP, 1, "better"));
  await bench.time.run(bench.client.recall(GROUP, 2));
  await bench.sync();
  const body = (text: string) => textBody(text);
  const edits = [0, 1, 2, 3, 4].map((revision) => ({
    revision,
    body: body(`${revision}`),
    editedMs: revision,
  }));
  bench.server.edits = edits;
  const asked = await bench.time.run(bench.client.edits(GROUP, 1));
  const refused = await bench.client
    .edit(GROUP, 1, "x".repeat(TEXT_BYTES_MAX + 1))
    .catch((error: unknown) => failureCode(error));
  deepEqual(
    [textsOf(bench.client, GROUP), asked, refused, bench.server.framesOf("edit").length],
    [["better", "?"], edits, "message-too-large", 1],
  );
  await bench.client.stop();
});

test("a message that is not held is left alone, and comes changed with its page", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 3);
  await bench.begin();
  bench.world.change(GROUP, 2, "better");
  await bench.sync();
  const before = await storedOf(bench);
  await bench.time.run(bench.client.open(GROUP));
  deepEqual([before, textsOf(bench.client, GROUP)], [[], ["old 0", "better", "old 2"]]);
  await bench.client.stop();
});

test("events behind a page do not bring back what the message said before", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 1);
  await bench.begin();
  bench.server.isHoldingPushes = true;
  bench.world.post(GROUP, OTHER, "one");
  bench.world.change(GROUP, 2, "two");
  bench.world.change(GROUP, 2);
  await bench.time.run(bench.client.open(GROUP));
  const early = textsOf(bench.client, GROUP);
  // One by one: between them, nothing older may be shown.
  bench.server.isHoldingPushes = false;
  bench.server.pushSize = 1;
  const shown = new Set<string>();
  bench.client.on("timeline", () => shown.add(textsOf(bench.client, GROUP).join()));
  await bench.sync();
  deepEqual(
    [early, [...shown], (await storedOf(bench))[1]],
    [["old 0", "?"], ["old 0,?"], [2, 2, undefined]],
  );
  await bench.client.stop();
});

test("a page that was asked for before a change does not undo it", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 3);
  await bench.begin();
  bench.server.script = (frame) => {
    if (frame.name !== "getHistory") return "handle";
    const { requestId } = frame.payload;
    const page = bench.world.page(GROUP, frame.payload);
    bench.world.change(GROUP, 2);
    bench.world.change(GROUP, 3, "better");
    bench.server.push();
    bench.time.after(50, () => {
      bench.server.say("historyPage", { requestId, ...page, firstVisible: 1, lastSequence: 3 });
    });
    return "ignore";
  };
  await bench.time.run(bench.client.open(GROUP));
  deepEqual(await storedOf(bench), [
    [1, 0, "old 0"],
    [2, 1, undefined],
    [3, 1, "better"],
  ]);
  await bench.client.stop();
});

test("a page does not undo what waits for the same commit", async () => {
  const store = createMemoryStore();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = { ...store, commit: (changes: never) => held.then(() => store.commit(changes)) };
  const replica = new Replica(slow, () => undefined);
  await store.load();
  const at = (sequence: number, revision: number): Message => ({
    ...createClientBench().world.post(GROUP, OTHER, "x"),
    sequence,
    revision,
  });
  const page = { requestId: 1, first: 1, last: 3, messages: [at(1, 0), at(2, 0), at(3, 0)], firstVisible: 1 };
  const requests = { call: () => Promise.resolve({ ...page, lastSequence: 3 }) };
  const history = new History(replica, requests as never);
  // While the store is busy with it, the others come together.
  const first = replica.edit((draft) => draft.setPosition({ epoch: 1, pts: 1 }));
  await Promise.resolve();
  await Promise.resolve();
  const events = replica.edit((draft) => {
    draft.changeMessage(at(2, 1));
    draft.deleteMessage(GROUP, 3);
  });
  const fetched = history.fetch(GROUP, { limit: 3 });
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
  release();
  await Promise.all([first, events, fetched]);
  const messages = await store.readMessages(GROUP, { first: 1, last: 9 });
  deepEqual(
    messages.map(({ sequence, revision }) => [sequence, revision]),
    [
      [1, 0],
      [2, 1],
    ],
  );
});

test("what changed while events were skipped is found after a rebase, by the digest", async () => {
  const bench = await holding("one", "two", "three");
  bench.world.changeSilently(GROUP, 1, "better");
  bench.world.changeSilently(GROUP, 2);
  bench.world.epoch += 1;
  bench.server.cut();
  await bench.time.advance(1000);
  await bench.time.run(bench.client.settled(60_000));
  deepEqual(await storedOf(bench), [
    [1, 1, "better"],
    [2, 1, undefined],
    [3, 0, "three"],
  ]);
  await bench.client.stop();
});

test("what a restored server has lost of a message is lost here too", async () => {
  const bench = await holding("one", "two");
  const [before] = bench.world.messages.get(GROUP)!;
  bench.world.change(GROUP, 1, "better");
  await bench.sync();
  bench.world.messages.get(GROUP)![0] = before!;
  bench.world.epoch += 1;
  bench.server.cut();
  await bench.time.advance(1000);
  await bench.time.run(bench.client.settled(60_000));
  deepEqual(await storedOf(bench), [
    [1, 0, "one"],
    [2, 0, "two"],
  ]);
  await bench.client.stop();
});

test("who joins again fetches anew what was held: nobody told of the changes meanwhile", async () => {
  const bench = await holding("one", "two");
  bench.world.leave(GROUP);
  await bench.sync();
  bench.world.changeSilently(GROUP, 1);
  bench.world.push({
    joined: filled(JoinedEvent, { conversationId: GROUP, firstVisible: 1, lastSequence: 2, timeMs: 1 }),
  });
  await bench.sync();
  deepEqual(textsOf(bench.client, GROUP), ["?", "two"]);
  await bench.client.stop();
});

test("a late answer to a send of mine does not undo a change", async () => {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  bench.server.script = (frame) => {
    if (frame.name !== "send") return "handle";
    const { requestId, clientMessageId } = frame.payload;
    const { messageId, sequence, timeMs } = bench.world.post(GROUP, SELF, "mine", clientMessageId);
    bench.world.change(GROUP, sequence);
    bench.server.push();
    bench.time.after(50, () => bench.server.say("sent", { requestId, messageId, sequence, timeMs }));
    return "ignore";
  };
  await bench.client.sendText(GROUP, "mine");
  await bench.time.advance(100);
  await bench.sync();
  deepEqual([textsOf(bench.client, GROUP), await storedOf(bench)], [["?"], [[1, 1, undefined]]]);
  await bench.client.stop();
});
