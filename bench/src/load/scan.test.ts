import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";

import { Body, Event, filled, Push, Sent, encode, textBody, AS_SENT } from "@parley/protocol";
import type { ClientMessageId, ConversationId, MessageId, UserId } from "@parley/protocol";
import { scanPush, scanSent } from "./scan.js";

const message = {
  conversationId: "d:a:b" as ConversationId,
  sequence: 70_000,
  messageId: "01JD0000000000000000000000" as MessageId,
  senderId: "a" as UserId,
  clientMessageId: "b42" as ClientMessageId,
  timeMs: 1_800_000_000_000,
  body: textBody(`0000000042${"x".repeat(190)}`),
  isCountable: true,
  ...AS_SENT,
};

test("the scan finds the number in a custom message, too", () => {
  const payload = Buffer.from(`0000000042${"x".repeat(20_000)}`);
  const custom = { type: "bench.load", payload, fallbackText: "Load" };
  const event = encode(Event, { message: { ...message, body: filled(Body, { custom }) } });
  const seen: number[][] = [];
  scanPush(encode(Push, { epoch: 5, firstPts: 300, events: [event] }), (...numbers) => seen.push(numbers));
  deepEqual(seen, [[70_000, 42, 42, 20_010]]);
});

test("the scan finds what the encoder wrote: sequence, numbers and length", () => {
  const notice = {
    ...message,
    clientMessageId: "" as ClientMessageId,
    body: { text: undefined, notice: { code: "created" } },
  };
  const events = [
    encode(Event, { message }),
    encode(Event, { read: { conversationId: message.conversationId, sequence: 3 } }),
    encode(Event, { message: notice } as never),
  ];
  const seen: number[][] = [];
  const position = scanPush(encode(Push, { epoch: 5, firstPts: 300, events }), (...numbers) =>
    seen.push(numbers),
  );
  deepEqual(
    [position, seen],
    [
      { epoch: 5, lastPts: 302, isTopic: false },
      [
        [70_000, 42, 42, 200],
        [70_000, -1, -1, 0],
      ],
    ],
  );
});

test("the scan of an answer finds its request and sequence", () => {
  const bytes = encode(Sent, { requestId: 900, messageId: message.messageId, sequence: 2 ** 40, timeMs: 1 });
  deepEqual(scanSent(bytes), { requestId: 900, sequence: 2 ** 40 });
});

test("a push that is cut off is refused", () => {
  const bytes = encode(Push, { epoch: 5, firstPts: 300, events: [encode(Event, { message })] });
  throws(() => scanPush(bytes.subarray(0, bytes.length - 1), () => undefined), { code: "malformed" });
});

test("a push of a topic is told from one of the queue", () => {
  const event = encode(Event, { message });
  const push = { epoch: 5, firstPts: 7, events: [event], conversationId: "g:all" as ConversationId };
  deepEqual(scanPush(encode(Push, push)), { epoch: 5, lastPts: 7, isTopic: true });
});
