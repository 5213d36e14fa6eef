/** Goal: packets that come packed are handled in their places, whatever takes how long, and what cannot be unpacked ends the connection. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { encodeFrame, readPacket } from "@parley/protocol";
import { browserInflate } from "../browser/inflate.js";
import { nodeInflate } from "../node/inflate.js";
import type { ConnectionHandlers } from "./transport.js";
import { type Inflate, unpackingTransport } from "./unpacking-transport.js";

function pong(): Uint8Array {
  return encodeFrame("pong", {});
}

function busy(retryAfterMs: number): Uint8Array {
  return encodeFrame("busy", { retryAfterMs });
}

function packedOf(packet: Uint8Array, size = packet.length): Uint8Array {
  return encodeFrame("packed", { packing: "deflate", size, data: deflateRawSync(packet) });
}

/** A connection over a transport that does what the test says; what it was told stands in `log`. */
function connect(inflate: Inflate) {
  const log: string[] = [];
  let handlers: ConnectionHandlers | undefined;
  const transport = unpackingTransport(
    {
      connect: (_url, given) => {
        handlers = given;
        return {
          send: () => undefined,
          close: (code) => {
            log.push(`closes ${code}`);
            given.onClose(code ?? 1006, "");
          },
          bufferedBytes: 0,
        };
      },
    },
    inflate,
  );
  transport.connect("ws://x", {
    onOpen: () => log.push("open"),
    onPacket: (packet) =>
      readPacket(packet, ({ name, payload }) => log.push(`${name} ${JSON.stringify(payload)}`)),
    onClose: (code) => log.push(`closed ${code}`),
  });
  return { log, handlers: handlers! };
}

/** Threads unpack, so it is not known when; a run that fails ends all the same. */
const TURNS_MAX = 1_000;

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("what is not packed is handled at once, and what comes behind a packed packet waits for it", async () => {
  const releases: (() => void)[] = [];
  const { log, handlers } = connect(async (data, size) => {
    await new Promise<void>((resolve) => releases.push(resolve));
    return nodeInflate(data, size);
  });
  handlers.onOpen();
  handlers.onPacket(busy(1));
  deepEqual(log, ["open", 'busy {"retryAfterMs":1}']);
  handlers.onPacket(packedOf(busy(2)));
  handlers.onPacket(busy(3));
  handlers.onPacket(packedOf(busy(4)));
  handlers.onClose(1006, "");
  // The later one is unpacked first.
  releases[1]!();
  await settled();
  equal(log.length, 2);
  releases[0]!();
  await settled();
  deepEqual(log.slice(2), [
    'busy {"retryAfterMs":2}',
    'busy {"retryAfterMs":3}',
    'busy {"retryAfterMs":4}',
    "closed 1006",
  ]);
});

test("after all that waited was handled, packets are handled at once again", async () => {
  const { log, handlers } = connect(nodeInflate);
  handlers.onPacket(packedOf(pong()));
  await settled();
  handlers.onPacket(busy(5));
  deepEqual(log, ["pong {}", 'busy {"retryAfterMs":5}']);
});

for (const [what, packet] of [
  ["is damaged", encodeFrame("packed", { packing: "deflate", size: 9, data: new Uint8Array([255, 1, 2]) })],
  ["is longer than it says", packedOf(busy(1_000_000), 2)],
  ["is shorter than it says", packedOf(busy(1_000_000), 100)],
  ["is of an unknown packing", encodeFrame("packed", { packing: "zip", size: 9, data: new Uint8Array(9) })],
] as const)
  for (const [world, inflate] of [
    ["Node", nodeInflate],
    ["a browser", browserInflate()!],
  ] as const)
    test(`in ${world} a packet that ${what} ends the connection, and nothing behind it is handled`, async () => {
      const { log, handlers } = connect(inflate);
      handlers.onPacket(packet);
      handlers.onPacket(pong());
      for (let turn = 0; turn < TURNS_MAX && log.length === 0; turn++) await settled();
      deepEqual(
        log.filter((line) => line.startsWith("clos")),
        ["closes 1000", "closed 1000"],
      );
      const isBefore = log.indexOf("pong {}") === -1;
      equal(isBefore, true, log.join());
    });

test("both inflate the same, and neither more than was said", async () => {
  const packet = new TextEncoder().encode("again and again ".repeat(5_000));
  const data = deflateRawSync(packet);
  for (const inflate of [nodeInflate, browserInflate()!]) {
    deepEqual(new Uint8Array(await inflate(data, packet.length)), packet);
    await rejects(inflate(data, 1_000));
  }
});
