import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId, TenantId, UserId } from "@parley/protocol";
import { contentOf } from "./content.js";
import { HistoryRecorder } from "./recorder.js";

const acme = "acme" as TenantId;
const blue = "blue" as TenantId;
const ann = "ann" as UserId;

test("who is named again keeps the index", () => {
  const recorder = new HistoryRecorder();
  const user = recorder.user(acme, ann);
  const device = recorder.device(user, "phone");
  const group = "g:team" as ConversationId;
  assert.deepEqual(
    [
      recorder.user(acme, ann),
      recorder.device(user, "phone"),
      recorder.conversation(acme, group),
      recorder.conversation(blue, group),
      recorder.conversation(acme, group),
      recorder.memberSet([user]),
      recorder.memberSet([user]),
    ],
    [user, device, 0, 1, 0, 0, 0],
  );
});

test("an operation ends once", () => {
  const recorder = new HistoryRecorder();
  const device = recorder.device(recorder.user(acme, ann), "phone");
  const conversation = recorder.conversation(acme, "g:team" as ConversationId);
  const send = { device, conversation, clientMessageId: "c-1", content: contentOf("a"), timeMs: 1 };
  const operation = recorder.sendInvoked(send);
  recorder.sendOk(operation, { messageId: "m-1", sequence: 1, timeMs: 2 });
  assert.throws(() => recorder.failed(operation, "bad-request"), /ends once/);
});

test("a number that a history cannot hold is refused", () => {
  const recorder = new HistoryRecorder();
  const device = recorder.device(recorder.user(acme, ann), "phone");
  for (const pts of [-1, 0.5, NaN, 2 ** 32])
    assert.throws(() => recorder.positionStored({ device, epoch: 1, pts }), /whole numbers/);
});

test("columns keep what is written over the length of a chunk", () => {
  const recorder = new HistoryRecorder();
  const device = recorder.device(recorder.user(acme, ann), "phone");
  const count = 200_000;
  for (let pts = 0; pts < count; pts++) recorder.positionStored({ device, epoch: 1, pts });
  const { steps } = recorder.history;
  let wrong = 0;
  for (let row = 0; row < count; row++) if (steps.pts.at(row) !== row || steps.at.at(row) !== row) wrong++;
  assert.deepEqual([steps.at.length, wrong], [count, 0]);
});

test("of a resource the worst value is kept", () => {
  const recorder = new HistoryRecorder();
  for (const [value, max] of [
    [5, 10],
    [8, 10],
    [7, 10],
    [11, 20],
  ] as const)
    recorder.resource("queue", value, max);
  assert.deepEqual(recorder.history.resources.get("queue"), { value: 8, max: 10 });
});
