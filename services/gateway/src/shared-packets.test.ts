import assert from "node:assert/strict";
import { test } from "node:test";
import { type Frame, parseConversationId, readPacket } from "@parley/protocol";
import { SharedPackets } from "./shared-packets.js";

const conversationId = parseConversationId("g:one");
const EVENTS = [Uint8Array.of(10, 0)];

function framesOf(packet: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  readPacket(packet, (frame) => frames.push(frame));
  return frames;
}

test("the same push is encoded once, any other one anew", () => {
  const shared = new SharedPackets();
  const push = { epoch: 1, firstPts: 5, events: EVENTS, conversationId };
  const frame = shared.frameOf(push);
  assert.equal(shared.frameOf({ ...push }), frame);
  for (const other of [
    { ...push, epoch: 2 },
    { ...push, firstPts: 6 },
    { ...push, events: [Uint8Array.of(10, 0)] },
    { ...push, conversationId: parseConversationId("g:other") },
  ])
    assert.notEqual(shared.frameOf(other), frame);
  assert.notEqual(shared.frameOf(push), frame);
  assert.deepEqual(shared.frameOf(push), frame);
});

test("who is sent the same frames shares the packet, and who is sent others does not change it", () => {
  const shared = new SharedPackets();
  const [first, second, third] = [1, 2, 3].map((firstPts) =>
    shared.frameOf({ epoch: 1, firstPts, events: EVENTS, conversationId }),
  );
  const one = shared.after(shared.after(undefined, first!), second!);
  const other = shared.after(shared.after(undefined, first!), second!);
  assert.equal(one.bytes, other.bytes);
  assert.equal(one.frames, 2);
  assert.equal(one.length, first!.length + second!.length);
  const astray = shared.after(shared.after(undefined, first!), third!);
  const late = shared.after(undefined, second!);
  assert.deepEqual(
    [one, astray, late].map(({ bytes }) =>
      framesOf(bytes).map(({ payload }) => (payload as { firstPts: number }).firstPts),
    ),
    [[1, 2], [1, 3], [2]],
  );
  assert.deepEqual(framesOf(shared.after(one, third!).bytes).length, 3);
  shared.forget();
  assert.notEqual(shared.after(undefined, first!), one);
});
