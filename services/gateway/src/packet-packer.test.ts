/** Goal: packets go compressed where that brings them sooner, never to whoever does not unpack, and never for more than a share of the processor. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { inflateRawSync } from "node:zlib";
import { packedIn } from "@parley/protocol";
import { PacketPacker } from "./packet-packer.js";
import { GatewayBench } from "./testing/gateway-bench.js";

const KIB = 1024;

/** A clock that each look at it moves on. */
function packerOf(stepMs: number): PacketPacker {
  let nowMs = 0;
  return new PacketPacker({ nowMs: () => 0, monotonicMs: () => (nowMs += stepMs) });
}

function wordy(bytes: number): Uint8Array {
  return new TextEncoder()
    .encode("much of what is said was said before; ".repeat(bytes / 38 + 1))
    .slice(0, bytes);
}

/** What does not become smaller. */
function noisy(bytes: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: bytes }, () => (state = (state * 48_271) % 2_147_483_647) >> 7);
}

test("on a slow network packets are compressed from 512 bytes on, on one that is not known from 4 KiB on, on a fast one never", () => {
  const packer = packerOf(0);
  const isPacked = (bytes: number, isSlow: boolean | undefined): boolean =>
    packedIn(packer.pack(wordy(bytes), isSlow)) !== undefined;
  deepEqual(
    [isPacked(511, true), isPacked(512, true), isPacked(4_095, undefined), isPacked(4_096, undefined)],
    [false, true, false, true],
  );
  equal(isPacked(64 * KIB, false), false);
});

test("what is packed is smaller and holds the packet; what would hardly be smaller goes as it is", () => {
  const packer = packerOf(0);
  const [words, noise] = [wordy(10 * KIB), noisy(10 * KIB)];
  const sent = packer.pack(words, true);
  const { packing, size, data } = packedIn(sent)!;
  deepEqual([packing, size], ["deflate", words.length]);
  deepEqual(new Uint8Array(inflateRawSync(data)), words);
  equal(packer.pack(noise, true), noise);
  deepEqual(packer.counts, { packets: 1, bytes: words.length, packedBytes: sent.length, workMs: 0 });
});

test("beyond its share of the processor nothing is compressed until a second has passed", () => {
  const packer = packerOf(30);
  const packed = Array.from({ length: 60 }, () => packedIn(packer.pack(wordy(KIB), true)) !== undefined);
  const firstPlain = packed.indexOf(false);
  // Each takes 30 ms: four of them are the first to pass 100.
  equal(firstPlain, 4);
  ok(packed.slice(firstPlain).includes(true));
  ok(packed.filter(Boolean).length < 12);
});

test("only who says that it unpacks is sent packed packets, and only while its network may be slow", async () => {
  const bench = new GatewayBench();
  const names: string[][] = [];
  for (const [packings, isSlow] of [
    [[], true],
    [["zstd"], true],
    [["zstd", "deflate"], true],
    [["deflate"], false],
  ] as const) {
    bench.issue("a");
    const device = bench.connect();
    await device.say("hello", { protocolVersion: 4, token: "a", packings });
    const feed = bench.feeds.at(-1)!;
    feed.isSlow = isSlow;
    device.socket.packets.length = 0;
    feed.sink.push(7, 1, [wordy(2 * KIB)]);
    await bench.time.settle();
    names.push(device.socket.frames().map(({ name }) => name));
  }
  deepEqual(names, [["push"], ["push"], ["packed"], ["push"]]);
});
