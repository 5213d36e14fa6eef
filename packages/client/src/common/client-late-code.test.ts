/** Goal: without its late code a client connects, shows and sends; the rest says that it is not there, and works once it is. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { Failure, failureCode } from "@parley/base";
import { manualAmbient, RecordingLogger } from "@parley/base/testing";
import { createClientBench, GROUP, OTHER, SELF, textsOf } from "../testing/client-bench.js";
import { clientWith } from "./client.js";
import * as calls from "./late-calls.js";
import * as files from "./late-files.js";
import type { Loaders } from "./loaders.js";

/** A client whose late code comes when `isThere` says so. */
function createLate() {
  const { time, server, store, world } = createClientBench();
  const state = { isThere: false };
  const late = <T>(code: T): (() => Promise<T>) => {
    return async () => {
      if (state.isThere) return code;
      throw new Failure("unavailable", "It cannot be fetched.", { retry: "same" });
    };
  };
  const loaders: Loaders = { calls: late(calls), files: late(files) };
  const ambient = manualAmbient(time, new RecordingLogger(), 3);
  const client = clientWith(
    { url: "ws://test/v1/ws", token: "token", userId: SELF, store, transport: server, ambient },
    loaders,
  );
  return { time, server, world, client, state };
}

test("a client without its late code connects, shows messages, sends and marks them read", async () => {
  const { time, world, client } = createLate();
  world.post(GROUP, OTHER, "hello");
  await client.start();
  await time.run(client.settled(60_000));
  await time.run(client.open(GROUP));
  await client.sendText(GROUP, "hi");
  client.markRead(GROUP);
  await time.run(client.settled(60_000));
  deepEqual([textsOf(client, GROUP), client.conversations()[0]?.unread], [["hello", "hi"], 0]);
});

test("a client without its late code tells that pins and read counts changed, and knows them once it is there", async () => {
  const { time, server, world, client, state } = createLate();
  const told: string[] = [];
  client.on("pins", ({ conversationId }) => told.push(`pins of ${conversationId}`));
  client.on("reads", ({ conversationId }) => told.push(`reads of ${conversationId}`));
  world.post(GROUP, OTHER, "hello");
  await client.start();
  await time.run(client.settled(60_000));
  const counts = { conversationId: GROUP, revision: 3, counts: [{ sequence: 1, read: 1, unread: 1 }] };
  const pinned = {
    conversationId: GROUP,
    sequence: 1,
    isPinned: true,
    actorId: OTHER,
    timeMs: 5,
    revision: 1,
  };
  world.push({ readers: counts });
  world.push({ pinned });
  server.push();
  await time.advance(1_000);
  const before = client.readCount(GROUP, 1);
  state.isThere = true;
  await time.run(client.readCounts(GROUP, []));
  world.push({ readers: { ...counts, revision: 4 } });
  server.push();
  await time.advance(1_000);
  deepEqual(
    [told, before, client.readCount(GROUP, 1)?.read],
    [[`reads of ${GROUP}`, `pins of ${GROUP}`, `reads of ${GROUP}`], undefined, 1],
  );
});

test("what needs late code fails with a reason that passes, and works once the code is there", async () => {
  const { time, world, client, state } = createLate();
  world.post(GROUP, OTHER, "hello");
  await client.start();
  await time.run(client.settled(60_000));
  await time.run(client.open(GROUP));
  const found = async (): Promise<number> => {
    let count = 0;
    for await (const hits of client.searchLocal("hello")) count += hits.length;
    return count;
  };
  const all = (): Promise<unknown> =>
    Promise.all(
      [
        found(),
        client.edits(GROUP, 1).then(({ length }) => length),
        client.groups.updateMember(GROUP, OTHER, { nickname: "Bo" }).then(() => "set"),
      ].map((each) => each.catch(failureCode)),
    );
  const before = await time.run(all());
  state.isThere = true;
  const after = await time.run(all());
  deepEqual(
    [before, (after as unknown[]).slice(0, 2)],
    [
      ["unavailable", "unavailable", "unavailable"],
      [1, 0],
    ],
  );
});
