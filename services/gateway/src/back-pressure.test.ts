/** Devices that do not take what they are sent, and the end of the process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SendResult } from "@parley/contracts";
import { DISCONNECT } from "@parley/protocol";
import { GatewayBench } from "./testing/gateway-bench.js";

const EVENT_BYTES = 64 * 1024;
const MIB = 1024 * 1024;

test("a feed sees no room while a socket is full, and goes on when it has drained", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  const feed = bench.feeds[0]!;
  device.socket.isStuck = true;
  const rooms: boolean[] = [];
  for (let pts = 1; pts <= 3; pts++) {
    rooms.push(feed.sink.hasRoom());
    feed.sink.push(7, pts, [new Uint8Array(EVENT_BYTES)]);
  }
  device.take();
  assert.deepEqual([rooms, feed.sink.hasRoom(), feed.resumes], [[true, true, false], true, 1]);
});

test("a device that takes nothing for too long is closed as a slow consumer, and nobody else", async () => {
  const bench = new GatewayBench();
  const [slow, other] = [await bench.open("a"), await bench.open("b")];
  slow.socket.isStuck = true;
  slow.socket.buffered = MIB;
  bench.feeds[0]!.sink.hasRoom();
  for (let passedMs = 0; passedMs < 22_000; passedMs += 1_000) {
    await bench.time.advance(1_000);
    for (const device of [slow, other]) await device.say("ping", {});
  }
  assert.deepEqual(
    [slow.socket.closes, bench.feeds[0]!.closes, other.socket.closes],
    [[DISCONNECT.slowConsumer.code], 1, []],
  );
});

test("a device on a slow line that takes a little all the time stays", async () => {
  const bench = new GatewayBench();
  const slow = await bench.open("a");
  slow.socket.isStuck = true;
  slow.socket.buffered = MIB;
  bench.feeds[0]!.sink.hasRoom();
  for (let passedMs = 0; passedMs < 60_000; passedMs += 5_000) {
    await bench.time.advance(5_000);
    await slow.say("confirm", { epoch: 7, pts: 1 });
    slow.take(10_000);
  }
  assert.deepEqual(slow.socket.closes, []);
});

test("a device that asks for more and more without taking it is closed once, within a bound", async () => {
  const bench = new GatewayBench();
  const slow = await bench.open("a");
  slow.socket.isStuck = true;
  const event = new Uint8Array(EVENT_BYTES);
  for (let pts = 1; pts <= 200; pts++) bench.feeds[0]!.sink.push(7, pts, [event]);
  await bench.time.settle();
  assert.deepEqual(slow.socket.closes, [DISCONNECT.slowConsumer.code]);
  assert.ok(slow.socket.buffered < 9 * MIB);
});

test("G4: a drain answers what is in flight, refuses what comes, and then tells devices to come back", async () => {
  const bench = new GatewayBench();
  const [busy, idle] = [await bench.open("a"), await bench.open("b")];
  let release = (_result: SendResult): void => {};
  bench.onSend = () => new Promise((resolve) => (release = resolve));
  await busy.send(1);
  const drained = bench.gateway.drain(5_000);
  await bench.time.advance(1_000);
  await busy.send(2);
  const late = bench.connect();
  const closedAtOnce = [busy, idle, late].map(({ socket }) => [...socket.closes]);
  release({ messageId: "m" as never, sequence: 1, timeMs: 1 });
  await bench.time.run(drained, 300);
  const frames = busy.socket.frames().map(({ name, payload }) => [name, (payload as { code?: string }).code]);
  assert.deepEqual(
    { closedAtOnce, frames: frames.slice(1), closes: busy.socket.closes, sends: bench.sends.length },
    {
      closedAtOnce: [[], [DISCONNECT.draining.code], [DISCONNECT.draining.code]],
      frames: [
        ["refused", "unavailable"],
        ["sent", undefined],
      ],
      closes: [DISCONNECT.draining.code],
      sends: 1,
    },
  );
});

test("G4: a call that never answers does not hold a drain beyond its bound", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  bench.onSend = () => new Promise(() => {});
  await device.send(1);
  const drained = bench.gateway.drain(5_000);
  await bench.time.advance(4_700);
  const before = [...device.socket.closes];
  await bench.time.run(drained, 300);
  assert.deepEqual(
    [before, device.socket.closes, device.socket.isTerminated, bench.gateway.connectionCount],
    [[], [DISCONNECT.draining.code], true, 0],
  );
});

test("a drain without connections is over at once and leaves no timer", async () => {
  const bench = new GatewayBench();
  await bench.gateway.drain(5_000);
  assert.equal(bench.time.waiting, 0);
});

test("a session that is revoked during a drain still closes its connection", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  bench.onSend = () => new Promise(() => {});
  await device.send(1);
  const drained = bench.gateway.drain(5_000);
  bench.revoke("a");
  await bench.time.run(drained, 300);
  assert.deepEqual(device.socket.closes, [DISCONNECT.sessionInvalid.code]);
});
