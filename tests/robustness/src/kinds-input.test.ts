/**
 * Goal: whatever is sent of kinds, mentions, audiences, answers and forwards that may not be, a real server refuses it by its code and
 * nothing changes.
 *
 * Method: raw frames over a connection; after each refusal the same number is taken by the next message.
 */
import {
  type Body,
  type ConversationId,
  type Init,
  type UserId,
  AUDIENCE_MAX,
  Body as BodySchema,
  CUSTOM_BYTES_MAX,
  filled,
  MENTIONS_MAX,
  MERGED_ITEMS_MAX,
  MESSAGES_PER_REQUEST_MAX,
  RICH_BYTES_MAX,
  RichBlock,
  RichSpan,
  SIGNAL_BYTES_MAX,
  textBody,
} from "@parley/protocol";
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { ANNA, BERT, CARL, createDirect, outcome, send, startWorld, TOGETHER } from "./world.js";

const users = (count: number): UserId[] => Array.from({ length: count }, (_, index) => `u${index}` as UserId);
const rich = (text: string, more: Init<RichBlock> = {}): Init<Body> => ({
  rich: {
    blocks: [filled(RichBlock, { kind: "paragraph", spans: [filled(RichSpan, { text })], ...more })],
  },
});
const forward = (
  sequences: readonly number[],
  conversationId: string = TOGETHER,
  isMerged = false,
): object => ({
  body: undefined,
  forward: { conversationId: conversationId as ConversationId, sequences, isMerged, title: "" },
});
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** What is sent, and how it is refused. */
const CASES: readonly (readonly [object, string])[] = [
  [{ body: {} }, "bad-request"],
  [{ body: { reply: { sequence: 1 } } }, "bad-request"],
  [{ body: { notice: { code: "joined", actorId: ANNA, userIds: [], text: "" } } }, "bad-request"],
  [{ body: { merged: { title: "", items: [] } } }, "bad-request"],
  [{ body: { ...textBody("x"), forwarded: { senderId: BERT, timeMs: 1 } } }, "bad-request"],
  [{ body: rich("x", { kind: "html" as "code" }) }, "bad-request"],
  [{ body: rich("x", { kind: "item", level: 9 }) }, "bad-request"],
  [{ body: rich("x".repeat(RICH_BYTES_MAX)) }, "message-too-large"],
  [{ body: { signal: { type: "a", payload: new Uint8Array(SIGNAL_BYTES_MAX + 1) } } }, "message-too-large"],
  [
    { body: { custom: { type: "a", payload: new Uint8Array(CUSTOM_BYTES_MAX + 1), fallbackText: "b" } } },
    "message-too-large",
  ],
  [{ body: { location: { latitudeE7: 2e9, longitudeE7: 0, name: "", address: "" } } }, "bad-request"],
  [{ body: { ...textBody("x"), mentions: { userIds: users(MENTIONS_MAX + 1) } } }, "bad-request"],
  [{ body: { ...textBody("x"), mentions: { userIds: ["a/b"] } } }, "bad-request"],
  [{ body: { ...textBody("x"), reply: { sequence: 99 } } }, "message-unknown"],
  [{ body: textBody("x"), audience: [CARL] }, "bad-request"],
  [{ body: textBody("x"), audience: ["a/b"] }, "bad-request"],
  [{ body: textBody("x"), audience: users(AUDIENCE_MAX + 1) }, "bad-request"],
  [{ ...forward([1]), body: textBody("mine") }, "bad-request"],
  [forward([]), "bad-request"],
  [forward([2, 1], TOGETHER, true), "bad-request"],
  [forward([1, 2]), "bad-request"],
  [forward(range(MERGED_ITEMS_MAX + 1), TOGETHER, true), "bad-request"],
  [forward([99]), "message-unknown"],
  [forward([1], "g:nowhere"), "message-unknown"],
  [forward([1], "no id"), "bad-request"],
];

test("what may not be sent is refused by its code, takes no number and changes nothing", async (t) => {
  const world = await startWorld(t);
  const [anna, bert] = [await world.connect(ANNA), await world.connect(BERT)];
  await createDirect(anna);
  await send(anna, 1, "first");
  const codes: string[] = [];
  for (const [index, [what]] of CASES.entries()) {
    const { body, ...rest } = what as { readonly body?: Init<Body> };
    const answer = await anna.request("send", {
      conversationId: TOGETHER,
      clientMessageId: `bad-${index}` as never,
      number: 2,
      ...(body === undefined ? {} : { body: filled(BodySchema, body) }),
      ...rest,
    });
    codes.push(outcome(answer));
  }
  const after = outcome(await send(anna, 2, "second"));
  const page = await bert.request("getHistory", { conversationId: TOGETHER, limit: 10 });
  const texts = page.name === "historyPage" ? page.payload.messages.map(({ body }) => body?.text?.text) : [];
  deepEqual([codes, after, texts], [CASES.map(([, code]) => code), "sent", ["first", "second"]]);
});

test("messages and mentions are asked for within their limits, by members, with cursors that are some", async (t) => {
  const world = await startWorld(t);
  const [anna, carl] = [await world.connect(ANNA), await world.connect(CARL)];
  await createDirect(anna);
  await send(anna, 1, "first");
  const at = { conversationId: TOGETHER };
  const answers = [
    await anna.request("getMessages", { ...at, sequences: [] }),
    await anna.request("getMessages", { ...at, sequences: range(MESSAGES_PER_REQUEST_MAX + 1) }),
    await carl.request("getMessages", { ...at, sequences: [1] }),
    await anna.request("getMessages", { ...at, sequences: [0, 1, 99, Number.MAX_SAFE_INTEGER] }),
    await anna.request("listMentions", { cursor: "nonsense" }),
    await anna.request("listMentions", { cursor: "9/9/g:a/b" }),
    await anna.request("listMentions", { conversationId: "nonsense" as ConversationId }),
    await carl.request("listMentions", at),
    await anna.request("listMentions", { limit: Number.MAX_SAFE_INTEGER }),
  ];
  deepEqual(answers.map(outcome), [
    "bad-request",
    "bad-request",
    "not-a-member",
    "messages",
    "bad-request",
    "bad-request",
    "bad-request",
    "not-a-member",
    "mentionPage",
  ]);
});
