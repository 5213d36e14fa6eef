/**
 * Goal: whatever is asked about reactions, pins and readers that may not be, a real server refuses it by its code and nothing changes;
 * and what may be is answered over the wire.
 */
import type { ConversationId, Init, FramePayload } from "@parley/protocol";
import { READ_COUNTS_MAX, REACTION_KEY_BYTES_MAX } from "@parley/protocol";
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { ANNA, BERT, CARL, createDirect, outcome, send, startWorld, TOGETHER } from "./world.js";

const at = { conversationId: TOGETHER, sequence: 1 };
const NOWHERE = { conversationId: "g:nowhere" as ConversationId, sequence: 1 };
type Name = "react" | "getReactions" | "pin" | "getPins" | "getReaders" | "getReadCounts";
type Asked = { readonly [N in Name]: readonly [N, Init<FramePayload<N>>, string] }[Name];

/** What a member asks, and how it is refused. */
const CASES: readonly Asked[] = [
  ["react", { ...at, key: "" }, "bad-request"],
  ["react", { ...at, key: " " }, "bad-request"],
  ["react", { ...at, key: "x".repeat(REACTION_KEY_BYTES_MAX + 1) }, "bad-request"],
  ["react", { ...at, key: "x".repeat(200_000) }, "bad-request"],
  ["react", { ...at, sequence: 0, key: "a" }, "bad-request"],
  ["react", { ...at, sequence: 99, key: "a" }, "message-unknown"],
  ["react", { ...at, sequence: Number.MAX_SAFE_INTEGER, key: "a" }, "message-unknown"],
  ["react", { ...NOWHERE, key: "a" }, "not-a-member"],
  ["react", { ...at, conversationId: "no id" as ConversationId, key: "a" }, "bad-request"],
  ["react", { ...at, sequence: 2, key: "a" }, "message-recalled"],
  ["getReactions", { ...at, sequence: 2 }, "message-recalled"],
  ["getReactions", { ...at, sequence: 99 }, "message-unknown"],
  ["pin", { ...at, sequence: 99 }, "message-unknown"],
  ["pin", { ...at, sequence: 2 }, "message-recalled"],
  ["pin", NOWHERE, "not-a-member"],
  ["getPins", NOWHERE, "not-a-member"],
  ["getReaders", { ...at, sequence: 99 }, "message-unknown"],
  ["getReaders", NOWHERE, "not-a-member"],
  ["getReadCounts", { ...at, sequences: [] }, "bad-request"],
  [
    "getReadCounts",
    { ...at, sequences: Array.from({ length: READ_COUNTS_MAX + 1 }, () => 1) },
    "bad-request",
  ],
];

test("what may not be asked of reactions, pins and readers is refused by its code and changes nothing", async (t) => {
  const world = await startWorld(t);
  const [anna, bert, carl] = [
    await world.connect(ANNA),
    await world.connect(BERT),
    await world.connect(CARL),
  ];
  await createDirect(anna);
  await send(anna, 1, "first");
  await send(anna, 2, "second");
  await anna.request("recall", { ...at, sequence: 2 });
  const ask = async ([name, payload]: Asked, of: typeof anna): Promise<string> =>
    outcome(await of.request(name, payload));
  const codes: string[] = [];
  for (const each of CASES) codes.push(await ask(each, anna));
  // Who is not in the conversation learns nothing, not even what is wrong with the message.
  const stranger = new Set<string>();
  const usual: readonly Asked[] = [
    ["react", { ...at, key: "a" }, ""],
    ["getReactions", at, ""],
    ["pin", at, ""],
    ["getPins", at, ""],
    ["getReaders", at, ""],
    ["getReadCounts", { ...at, sequences: [1] }, ""],
  ];
  for (const each of usual) stranger.add(await ask(each, carl));
  const page = await bert.request("getHistory", { conversationId: TOGETHER, limit: 10 });
  const seen = page.name === "historyPage" ? page.payload.messages.map(({ reactions }) => reactions) : [];
  const answers: string[] = [];
  for (const each of usual) answers.push(await ask(each, bert));
  deepEqual(
    [codes, [...stranger], seen, answers],
    [
      CASES.map(([, , code]) => code),
      ["not-a-member"],
      [undefined, undefined],
      ["done", "reactionList", "done", "pinList", "readerList", "readCounts"],
    ],
  );
});
