import type {
  ClientMessageId,
  ConversationEntry,
  ConversationId,
  Message,
  MessageId,
  UserId,
} from "@parley/protocol";
import { emptyEntry, textBody, AS_SENT } from "@parley/protocol";
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { judge, type JudgedDevice } from "./judge.js";

const CHAT = "d:anna:bert" as ConversationId;
const ANNA = "anna" as UserId;

const message = (sequence: number, name: string, text = `text of ${name}`): Message => ({
  conversationId: CHAT,
  sequence,
  messageId: `m${sequence}` as MessageId,
  senderId: ANNA,
  clientMessageId: name as ClientMessageId,
  timeMs: 1_000 + sequence,
  body: textBody(text),
  isCountable: true,
  ...AS_SENT,
});

const entry = (conversationId: string, updatedMs: number): ConversationEntry => ({
  ...emptyEntry(conversationId as ConversationId),
  updatedMs,
});

const ANNAS: JudgedDevice = {
  name: "anna/0",
  userId: ANNA,
  given: ["c1", "c2"].map((name) => ({
    conversationId: CHAT,
    clientMessageId: name,
    text: `text of ${name}`,
  })),
  entries: [entry("g:new", 3), entry("g:same", 2), entry("g:too", 2), entry("g:old", 1)],
};

/** What is said when anna gave c1 and then c2. */
const found = (...placed: readonly Message[]): readonly string[] => judge(new Map([[CHAT, placed]]), [ANNAS]);

test("texts that are there once, as given and in the order of giving, are right", () => {
  deepEqual(found(message(1, "c1"), message(2, "other"), message(3, "c2")), []);
});

test("a text that is lost, twice, another or too late is a complaint", () => {
  deepEqual(
    [
      found(message(1, "c2")),
      found(message(1, "c1"), message(2, "c1"), message(3, "c2")),
      found(message(1, "c1", "tampered"), message(2, "c2")),
      found(message(1, "c2"), message(2, "c1")),
    ],
    [
      ["anna/0: c1 in d:anna:bert is lost."],
      ["anna/0: c1 in d:anna:bert is there 2 times."],
      ["anna/0: c1 in d:anna:bert has another text."],
      ["anna/0: c2 in d:anna:bert came too late."],
    ],
  );
});

test("a list that is not in the order of change is a complaint", () => {
  const device = { ...ANNAS, given: [], entries: [entry("g:old", 1), entry("g:new", 3)] };
  deepEqual(judge(new Map(), [device]), ["anna/0: the list is not in the order of change."]);
});
