import type { MicroBench } from "@parley/base/testing";
import { encodeFrame, readPacket } from "../frames.js";
import type { ClientMessageId, ConversationId, MessageId, UserId } from "../ids.js";
import { AS_SENT, Event, textBody } from "../model.js";
import { encode } from "./writer.js";

const conversationId = "d:ann:bob" as ConversationId;
const body = textBody("See you at the station at nine, and do not forget the tickets. ".repeat(3));
const SEND = {
  requestId: 70_000,
  conversationId,
  clientMessageId: "01JD0000000000000000000001" as ClientMessageId,
  number: 42,
  body,
};
const MESSAGE = {
  conversationId,
  sequence: 70_000,
  messageId: "01JD0000000000000000000000" as MessageId,
  senderId: "ann" as UserId,
  clientMessageId: SEND.clientMessageId,
  timeMs: 1_800_000_000_000,
  body,
  isCountable: true,
  ...AS_SENT,
};
const PUSH = { epoch: 5, firstPts: 300, events: [encode(Event, { message: MESSAGE })] };

const sendPacket = encodeFrame("send", SEND);
const pushPacket = encodeFrame("push", PUSH);
const sendText = Buffer.from(JSON.stringify(SEND));
const messageText = Buffer.from(JSON.stringify({ epoch: 5, firstPts: 300, events: [MESSAGE] }));

/** Both ways go from an object to bytes, and from bytes to an object. */
export const benches: readonly MicroBench[] = [
  {
    name: "encode a send",
    baseline: "JSON.stringify to bytes",
    run: (times) => lengths(times, () => encodeFrame("send", SEND)),
    runBaseline: (times) => lengths(times, () => Buffer.from(JSON.stringify(SEND))),
  },
  {
    name: "decode a send",
    baseline: "JSON.parse from bytes",
    run: (times) => frames(times, sendPacket),
    runBaseline: (times) => parsed(times, sendText),
  },
  {
    name: "encode a push of one message",
    baseline: "JSON.stringify to bytes",
    run: (times) =>
      lengths(times, () => encodeFrame("push", { ...PUSH, events: [encode(Event, { message: MESSAGE })] })),
    runBaseline: (times) =>
      lengths(times, () => Buffer.from(JSON.stringify({ epoch: 5, firstPts: 300, events: [MESSAGE] }))),
  },
  {
    name: "read a push whose event stays encoded",
    baseline: "JSON.parse from bytes",
    run: (times) => frames(times, pushPacket),
    runBaseline: (times) => parsed(times, messageText),
  },
];

function lengths(times: number, encoded: () => Uint8Array): number {
  let sum = 0;
  for (let count = 0; count < times; count++) sum += encoded().length;
  return sum;
}

function frames(times: number, packet: Uint8Array): number {
  let sum = 0;
  for (let count = 0; count < times; count++) readPacket(packet, ({ name }) => void (sum += name.length));
  return sum;
}

function parsed(times: number, text: Buffer): number {
  let sum = 0;
  for (let count = 0; count < times; count++)
    sum += Object.keys(JSON.parse(text.toString("utf8")) as object).length;
  return sum;
}
