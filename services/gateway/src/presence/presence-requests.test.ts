/** Presence and typing through connections: what they ask, and what others are told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import {
  type ConversationId,
  type UserId,
  PRESENCE_WATCHED_MAX,
  TYPING_REPEAT_MS,
  encodeFrame,
} from "@parley/protocol";
import { type Device, GatewayBench } from "../testing/gateway-bench.js";
import { GRACE_MS } from "./presence-board.js";
import { TYPING_CONVERSATIONS_MAX } from "./typing-relay.js";

const GROUP = "g:team" as ConversationId;

async function deviceOf(bench: GatewayBench, userId: string, token = userId): Promise<Device> {
  bench.issue(token, userId);
  const device = bench.connect();
  await device.hello(token);
  return device;
}

function codesOf(device: Device): string[] {
  return device.socket.framesOf("refused").map(({ code }) => code);
}

/** Time goes by on connections that are alive. */
async function pass(bench: GatewayBench, ms: number, ...devices: Device[]): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 1_000) {
    await bench.time.advance(1_000);
    for (const device of devices) await device.say("ping", {});
  }
}

test("a device is told when those whom it watches come, are away, and go", async () => {
  const bench = new GatewayBench();
  const ann = await deviceOf(bench, "ann");
  await ann.say("watchPresence", { requestId: 1, userIds: ["bob" as UserId] });
  const bob = await deviceOf(bench, "bob");
  await pass(bench, 1_000, ann, bob);
  await bob.say("setActive", { requestId: 1, isActive: false });
  await pass(bench, 1_000, ann, bob);
  await bob.leave();
  const leftMs = bench.time.nowMs();
  await pass(bench, GRACE_MS + 2_000, ann);
  assert.deepEqual(
    [
      ann.socket.framesOf("presence").map(({ requestId, people }) => [requestId, people[0]?.state]),
      ann.socket.framesOf("presence").at(-1)?.people[0]?.sinceMs,
      bob.socket.framesOf("done").length,
    ],
    [
      [
        [1, "offline"],
        [0, "online"],
        [0, "away"],
        [0, "offline"],
      ],
      leftMs,
      1,
    ],
  );
});

test("a session that comes back on a new connection stays online", async () => {
  const bench = new GatewayBench();
  const [ann, bob] = [await deviceOf(bench, "ann"), await deviceOf(bench, "bob")];
  await pass(bench, 1_000, ann, bob);
  await ann.say("watchPresence", { requestId: 1, userIds: ["bob" as UserId] });
  const again = bench.connect();
  await again.hello("bob");
  await pass(bench, GRACE_MS + 2_000, ann, again);
  assert.deepEqual(
    ann.socket.framesOf("presence").map(({ people }) => people[0]?.state),
    ["online"],
  );
});

test("too many people, and names that are none, are refused", async () => {
  const bench = new GatewayBench();
  const ann = await deviceOf(bench, "ann");
  const userIds = Array.from({ length: PRESENCE_WATCHED_MAX + 1 }, (_, index) => `u${index}` as UserId);
  await ann.say("watchPresence", { requestId: 1, userIds });
  await ann.say("watchPresence", { requestId: 2, userIds: ["a/b" as UserId] });
  await ann.say("typing", { requestId: 3, conversationId: "team" as ConversationId });
  assert.deepEqual(codesOf(ann), ["bad-request", "bad-request", "bad-request"]);
});

test("a full socket is told nothing beside its queue, and what holds when it has drained", async () => {
  const bench = new GatewayBench();
  bench.audience = ["ann" as UserId];
  const [ann, bob] = [await deviceOf(bench, "ann"), await deviceOf(bench, "bob")];
  await ann.say("watchPresence", { requestId: 1, userIds: ["bob" as UserId] });
  ann.socket.buffered = 64 * 1024;
  await pass(bench, 1_000, ann, bob);
  await bob.say("typing", { requestId: 1, conversationId: GROUP });
  await bob.say("setActive", { requestId: 2, isActive: false });
  await pass(bench, 2_000, ann, bob);
  const meanwhile = ann.socket.framesOf("presence").length - 1;
  ann.socket.buffered = 0;
  await pass(bench, 1_000, ann, bob);
  assert.deepEqual(
    [
      meanwhile,
      ann.socket.framesOf("presence").at(-1)?.people[0]?.state,
      ann.socket.framesOf("someoneTypes"),
    ],
    [0, "away", []],
  );
});

test("who types is told to every connection of those who are to be told, and to nobody else", async () => {
  const bench = new GatewayBench();
  bench.audience = ["bob" as UserId, "cy" as UserId];
  const ann = await deviceOf(bench, "ann");
  const told = [await deviceOf(bench, "bob"), await deviceOf(bench, "bob", "phone")];
  const others = [ann, await deviceOf(bench, "ann", "tablet"), await deviceOf(bench, "dan")];
  await ann.say("typing", { requestId: 1, conversationId: GROUP });
  assert.deepEqual(
    [
      told.map(({ socket }) => socket.framesOf("someoneTypes")),
      others.map(({ socket }) => socket.framesOf("someoneTypes").length),
      ann.socket.framesOf("done"),
    ],
    [told.map(() => [{ conversationId: GROUP, userId: "ann" }]), [0, 0, 0], [{ requestId: 1 }]],
  );
});

test("typing is passed on so often in a conversation, in so many of them, and always done", async () => {
  const bench = new GatewayBench();
  bench.audience = ["bob" as UserId];
  const [ann, bob] = [await deviceOf(bench, "ann"), await deviceOf(bench, "bob")];
  for (let requestId = 1; requestId <= 5; requestId++)
    await ann.say("typing", { requestId, conversationId: GROUP });
  const once = bob.socket.framesOf("someoneTypes").length;
  await pass(bench, TYPING_REPEAT_MS, ann, bob);
  for (let index = 0; index < TYPING_CONVERSATIONS_MAX * 2; index++)
    await ann.say("typing", { requestId: 9 + index, conversationId: `g:${index}` as ConversationId });
  assert.deepEqual(
    [once, bob.socket.framesOf("someoneTypes").length, ann.socket.framesOf("done").length],
    [1, 1 + TYPING_CONVERSATIONS_MAX, 5 + TYPING_CONVERSATIONS_MAX * 2],
  );
});

test("who is not a member is refused; who types is told on a slow network, too, and not to an old version or behind much else", async () => {
  const bench = new GatewayBench();
  bench.audience = ["old", "slow", "full"] as UserId[];
  const [ann, full, slow] = [
    await deviceOf(bench, "ann"),
    await deviceOf(bench, "full"),
    await deviceOf(bench, "slow"),
  ];
  bench.feeds.at(-1)!.isSlow = true;
  full.socket.buffered = 64 * 1024;
  bench.issue("old", "old");
  const old = bench.connect();
  await old.sayBytes(encodeFrame("hello", { protocolVersion: 3, token: "old" }));
  await ann.say("typing", { requestId: 1, conversationId: GROUP });
  bench.audience = new Failure("not-a-member", "You are not in this conversation.");
  await ann.say("typing", { requestId: 2, conversationId: "g:other" as ConversationId });
  assert.deepEqual(
    [[old, full, slow].map(({ socket }) => socket.framesOf("someoneTypes").length), codesOf(ann)],
    [[0, 0, 1], ["not-a-member"]],
  );
});
