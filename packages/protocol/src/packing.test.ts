/** Goal: what is packed is told from what is not by its first byte, and nothing but a whole packed packet passes for one. */
import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { inflateRawSync } from "node:zlib";
import { encodeFrame, type FrameName, FRAMES, readPacket } from "./frames.js";
import { PACKET_BYTES_MAX } from "./limits.js";
import { PACKED_KIND, packedIn } from "./packing.js";
import { fromHex } from "./testing/hex.js";
import { GOLDEN_FRAMES } from "./testing/golden-frames.js";

const PONGS = fromHex(GOLDEN_FRAMES.packed);

test("a packed packet holds frames", () => {
  const packed = packedIn(PONGS)!;
  const names: FrameName[] = [];
  readPacket(inflateRawSync(packed.data), ({ name }) => names.push(name));
  deepEqual([packed.packing, packed.size, names], ["deflate", 6, ["pong", "pong", "pong"]]);
});

test("no other frame is taken for a packed packet", () => {
  for (const [name, bytes] of Object.entries(GOLDEN_FRAMES))
    if (name !== "packed") equal(packedIn(fromHex(bytes)), undefined, name);
  equal(FRAMES.packed.kind, PACKED_KIND);
  equal(packedIn(new Uint8Array(0)), undefined);
});

test("what is cut, stands with others, is too large or of an unknown packing is malformed", () => {
  const data = new Uint8Array([1]);
  const wrong = [
    PONGS.subarray(0, PONGS.length - 1),
    new Uint8Array([...PONGS, ...fromHex(GOLDEN_FRAMES.ping)]),
    encodeFrame("packed", { packing: "deflate", size: 0, data }),
    encodeFrame("packed", { packing: "deflate", size: PACKET_BYTES_MAX + 1, data }),
    encodeFrame("packed", { packing: "zip", size: 10, data }),
  ];
  for (const packet of wrong) throws(() => packedIn(packet), { code: "malformed" });
});
