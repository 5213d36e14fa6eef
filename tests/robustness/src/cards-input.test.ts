/**
 * Goal: whatever is asked of cards that may not be, a real server refuses it by its code and nothing changes; and what may be is
 * answered over the wire.
 */
import {
  type ConversationId,
  type FramePayload,
  type Init,
  Body,
  CARD_BYTES_MAX,
  CARD_DATA_BYTES_MAX,
  filled,
} from "@parley/protocol";
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { ANNA, BERT, CARL, createDirect, outcome, send, startWorld, TOGETHER } from "./world.js";

type Name = "updateCard" | "actOnCard" | "getCardActions";
type Asked = { readonly [N in Name]: readonly [N, Init<FramePayload<N>>, string] }[Name];

const at = { conversationId: TOGETHER, sequence: 1 };
const NOWHERE = { conversationId: "g:nowhere" as ConversationId, sequence: 1 };
const card = (said: string): string =>
  JSON.stringify({ type: "AdaptiveCard", version: "1.5", fallbackText: said });
const next = { content: card("next"), revision: 9 };
const action = { actionId: "a-1", verb: "vote", data: "{}" };
const LARGE = "x".repeat(200_000);

/** What anna, who sent the card, asks, and how it is refused. */
const CASES: readonly Asked[] = [
  ["updateCard", { ...at, ...next, content: card(LARGE) }, "message-too-large"],
  ["updateCard", { ...at, ...next, content: "x".repeat(CARD_BYTES_MAX) }, "bad-request"],
  ["updateCard", { ...at, ...next, content: '{"type":"AdaptiveCard"}' }, "bad-request"],
  ["updateCard", { ...at, ...next, content: "" }, "bad-request"],
  ["updateCard", { ...at, ...next, revision: 0 }, "bad-request"],
  ["updateCard", { ...at, ...next, revision: 4 }, "card-outdated"],
  ["updateCard", { ...at, ...next, userId: CARL }, "bad-request"],
  ["updateCard", { ...at, ...next, userId: "a/b" as typeof CARL }, "bad-request"],
  ["updateCard", { ...at, ...next, sequence: 0 }, "bad-request"],
  ["updateCard", { ...at, ...next, sequence: 99 }, "message-unknown"],
  ["updateCard", { ...at, ...next, sequence: 2 }, "message-recalled"],
  ["updateCard", { ...at, ...next, sequence: 3 }, "not-allowed"],
  ["updateCard", { ...at, ...next, sequence: 4 }, "not-allowed"],
  ["updateCard", { ...NOWHERE, ...next }, "not-a-member"],
  ["actOnCard", { ...at, ...action, actionId: "" }, "bad-request"],
  ["actOnCard", { ...at, ...action, verb: "" }, "bad-request"],
  ["actOnCard", { ...at, ...action, verb: LARGE }, "bad-request"],
  ["actOnCard", { ...at, ...action, data: "" }, "bad-request"],
  ["actOnCard", { ...at, ...action, data: `{"x":"${"x".repeat(CARD_DATA_BYTES_MAX)}"}` }, "bad-request"],
  ["actOnCard", { ...at, ...action, sequence: 2 }, "message-recalled"],
  ["actOnCard", { ...at, ...action, sequence: 3 }, "not-allowed"],
  ["actOnCard", { ...NOWHERE, ...action }, "not-a-member"],
  ["getCardActions", { ...at, sequence: 2 }, "message-recalled"],
  ["getCardActions", { ...at, sequence: 3 }, "not-allowed"],
  ["getCardActions", NOWHERE, "not-a-member"],
];

test("what may not be asked of cards is refused by its code and changes nothing", async (t) => {
  const world = await startWorld(t);
  const [anna, bert, carl] = [
    await world.connect(ANNA),
    await world.connect(BERT),
    await world.connect(CARL),
  ];
  await createDirect(anna);
  const sendCard = async (number: number, content: string): Promise<string> => {
    const body = filled(Body, { card: { content, revision: 4 } });
    const clientMessageId = `c${number}` as Init<FramePayload<"send">>["clientMessageId"] & string;
    return outcome(await anna.request("send", { conversationId: TOGETHER, clientMessageId, number, body }));
  };
  equal(await sendCard(1, card("first")), "sent");
  equal(await sendCard(2, card("second")), "sent");
  await anna.request("recall", { ...at, sequence: 2 });
  await send(anna, 3, "text");
  const forward = { conversationId: TOGETHER, sequences: [1], isMerged: false, title: "" };
  await anna.request("send", {
    conversationId: TOGETHER,
    clientMessageId: "c4" as never,
    number: 4,
    forward,
  });
  const ask = async ([name, payload]: Asked, of: typeof anna): Promise<string> =>
    outcome(await of.request(name, payload));
  const codes: string[] = [];
  for (const each of CASES) codes.push(await ask(each, anna));
  const sends = [await sendCard(5, "{"), await sendCard(5, card(LARGE)), await sendCard(5, "[]")];
  const usual: readonly Asked[] = [
    ["updateCard", { ...at, ...next }, ""],
    ["updateCard", { ...at, ...next, userId: BERT }, ""],
    ["actOnCard", { ...at, ...action, revision: 9 }, ""],
    ["getCardActions", at, ""],
  ];
  const others: string[][] = [];
  for (const of of [carl, bert, anna]) {
    const answers: string[] = [];
    for (const each of usual) answers.push(await ask(each, of));
    others.push(answers);
  }
  const page = await bert.request("getHistory", { conversationId: TOGETHER, limit: 10 });
  const seen =
    page.name === "historyPage"
      ? page.payload.messages.map(({ body, cardPart }) => [
          body?.card?.content ?? body?.text?.text,
          cardPart?.content,
        ])
      : [];
  const last = await anna.request("getCardActions", at);
  const items = last.name === "cardActions" ? last.payload.items : [];
  const codesOf = (code: string): string[] => Array.from({ length: 4 }, () => code);
  deepEqual(
    codes,
    CASES.map(([, , code]) => code),
  );
  deepEqual(sends, ["bad-request", "message-too-large", "bad-request"]);
  deepEqual(others, [
    codesOf("not-a-member"),
    ["not-allowed", "not-allowed", "done", "not-allowed"],
    ["done", "done", "done", "cardActions"],
  ]);
  deepEqual(seen, [
    [card("next"), card("next")],
    [undefined, undefined],
    ["text", undefined],
    ["first", undefined],
  ]);
  deepEqual(
    items.map(({ userId, number, revision }) => [userId, number, revision]),
    [
      [ANNA, 2, 9],
      [BERT, 1, 9],
    ],
  );
});
