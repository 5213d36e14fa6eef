/** Goal: what is held is found without a connection, newest first, by the rules of the server, and nobody waits for it. */
import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { createClientBench, GROUP, GROUP_2, OTHER } from "../testing/client-bench.js";
import type { SearchKind, UserId } from "@parley/protocol";
import type { ParleyClient } from "./api.js";
import { LOCAL_HITS_MAX } from "./limits.js";
import type { LocalSearchOptions } from "./local-searching.js";
import type { FoundMessage } from "./searching.js";
import type { ClientStore } from "./store.js";

/** A client without a connection, with what it holds of two groups. */
async function offlineBench(texts: readonly string[], older: readonly string[] = []) {
  const bench = createClientBench();
  bench.world.join(GROUP_2);
  for (const text of older) bench.world.post(GROUP_2, OTHER, text);
  for (const text of texts) bench.world.post(GROUP, OTHER, text);
  await bench.begin();
  for (const conversationId of [GROUP, GROUP_2]) {
    await bench.time.run(bench.client.open(conversationId));
    for (let page = 0; page < 10; page++) await bench.time.run(bench.client.loadOlder(conversationId, 200));
  }
  bench.server.isReachable = false;
  bench.server.cut();
  await bench.time.advance(10);
  return bench;
}

async function found(
  client: ParleyClient,
  text: string,
  options: LocalSearchOptions = {},
): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const hits of client.searchLocal(text, options))
    for (const { message, spans } of hits) texts.push(`${message.body?.text?.text} ${spans.join(" ")}`);
  return texts;
}

async function collect(pages: AsyncIterable<readonly FoundMessage[]>): Promise<readonly FoundMessage[]> {
  const all: FoundMessage[] = [];
  for await (const hits of pages) all.push(...hits);
  return all;
}

test("words and Chinese characters are found as the server finds them, the newest first", async () => {
  const { client, time } = await offlineBench(
    ["Noodles today", "no noodle soup", "我们去吃面吧", "NOODLES again"],
    ["noodles of old"],
  );
  deepEqual(
    await time.run(
      Promise.all([
        found(client, "noodles"),
        found(client, "noodles", { conversationId: GROUP }),
        found(client, "吃面"),
        found(client, "oodles"),
        found(client, '"noodles today"'),
        found(client, "soup no"),
      ]),
    ),
    [
      ["NOODLES again 0 7", "Noodles today 0 7", "noodles of old 0 7"],
      ["NOODLES again 0 7", "Noodles today 0 7"],
      ["我们去吃面吧 3 5"],
      [],
      ["Noodles today 0 13"],
      ["no noodle soup 0 2 3 5 10 14"],
    ],
  );
  await client.stop();
});

test("messages of a kind or a sender are found without words", async () => {
  const { client, time } = await offlineBench(["see https://parley.example", "no noodle soup"], ["of old"]);
  const [message] = await time.run(collect(client.searchLocal("soup")));
  deepEqual(
    await time.run(
      Promise.all([
        found(client, "", { kind: "link" }),
        found(client, "soup", { kind: "link" }),
        found(client, "", { kind: "image" }),
        found(client, "", { senderId: message!.message.senderId, conversationId: GROUP }),
        found(client, "", { senderId: "nobody" as UserId }),
      ]),
    ),
    [["see https://parley.example "], [], [], ["no noodle soup ", "see https://parley.example "], []],
  );
  await client.stop();
});

test("every page of what is held is searched, until enough is found", async () => {
  const texts = Array.from({ length: LOCAL_HITS_MAX + 50 }, (_, index) => `word ${index}`);
  const { client, time } = await offlineBench(texts);
  const all = await time.run(found(client, "word"));
  const oldest = await time.run(found(client, "word 0"));
  deepEqual(
    [all.length, all[0]?.startsWith(`word ${texts.length - 1} `), oldest.length],
    [LOCAL_HITS_MAX, true, 1],
  );
  await client.stop();
});

test("nothing more is read once nobody takes what is found", async () => {
  const texts = Array.from({ length: 500 }, (_, index) => `word ${index}`);
  const { client, time, store } = await offlineBench(texts);
  let reads = 0;
  const inner = { ...store };
  Object.assign(store, {
    readMessages: (...of: Parameters<ClientStore["readMessages"]>) => {
      reads += 1;
      return inner.readMessages(...of);
    },
  });
  const first = async (): Promise<number> => {
    for await (const hits of client.searchLocal("word")) return hits.length;
    return 0;
  };
  deepEqual([await time.run(first()), reads], [200, 1]);
  await client.stop();
});

test("nothing to look for is refused", async () => {
  const { client } = await offlineBench([]);
  await rejects(found(client, ' "" '), { code: "bad-request" });
  await rejects(found(client, "", { kind: "sculpture" as SearchKind }), { code: "bad-request" });
  await client.stop();
});
