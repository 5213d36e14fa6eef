/** The list of conversations and its order. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId, UserId } from "@parley/protocol";
import { createClientBench, GROUP } from "../testing/client-bench.js";

const FIRST = "g:first" as ConversationId;
const SECOND = "g:second" as ConversationId;

test("pinned conversations stand first, the last pinned one on top, whatever is said in them", async () => {
  const { client, server, world, time, begin, sync } = createClientBench();
  await begin();
  for (const conversationId of [FIRST, SECOND]) world.join(conversationId);
  await sync();
  const told: (readonly ConversationId[])[] = [];
  client.on("conversations", ({ changed }) => void told.push(changed));
  const list = (): readonly string[] => client.conversations().map(({ conversationId }) => conversationId);

  await time.run(client.setPinned(FIRST, true));
  await sync();
  await time.run(client.setPinned(GROUP, true));
  await sync();
  const pinned = list();
  world.post(FIRST, "bob" as UserId, "news");
  await sync();
  const afterNews = list();
  await time.run(client.setPinned(GROUP, false));
  await sync();

  deepEqual(
    {
      pinned,
      afterNews,
      unpinned: list()[0],
      told: told.slice(0, 2),
      asked: server.framesOf("setPinned").map((frame) => [frame.conversationId, frame.isPinned]),
    },
    {
      pinned: [GROUP, FIRST, SECOND],
      afterNews: [GROUP, FIRST, SECOND],
      unpinned: FIRST,
      told: [[FIRST], [GROUP]],
      asked: [
        [FIRST, true],
        [GROUP, true],
        [GROUP, false],
      ],
    },
  );
});
