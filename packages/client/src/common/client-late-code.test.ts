/** Goal: without its late code a client connects, shows and sends; the rest says that it is not there, and works once it is. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { Failure, failureCode } from "@parley/base";
import { manualAmbient, RecordingLogger } from "@parley/base/testing";
import { createClientBench, GROUP, OTHER, SELF, textsOf } from "../testing/client-bench.js";
import { clientWith } from "./client.js";
import * as asking from "./late-asking.js";
import * as contents from "./late-contents.js";
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
  const loaders: Loaders = { asking: late(asking), contents: late(contents), files: late(files) };
  const ambient = manualAmbient(time, new RecordingLogger(), 3);
  const client = clientWith(
    { url: "ws://test/v1/ws", token: "token", userId: SELF, store, transport: server, ambient },
    loaders,
  );
  return { time, world, client, state };
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
