import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure, failureCode } from "@parley/base";
import fc from "fast-check";
import { decode } from "./codec/reader.js";
import type { Schema } from "./codec/schema.js";
import { Writer, encode } from "./codec/writer.js";
import {
  type Frame,
  type FrameName,
  ANSWERS,
  FRAMES,
  encodeFrame,
  readPacket,
  writeFrame,
} from "./frames.js";
import { PACKET_BYTES_MAX, PACKET_FRAMES_MAX, PACKET_MESSAGES_MAX } from "./limits.js";
import { Event } from "./model.js";
import { arbitraryMessage } from "./testing/arbitrary-message.js";
import { GOLDEN_FRAMES } from "./testing/golden-frames.js";
import { fromHex, toHex } from "./testing/hex.js";
import { SAMPLE_EVENTS, SAMPLE_FRAMES } from "./testing/sample-frames.js";

const NAMES = Object.keys(FRAMES) as FrameName[];

/** Each bit alone, the seven of a number, and all. */
const FLIPS = [1, 2, 4, 8, 16, 32, 64, 128, 127, 255];

function framesOf(packet: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  readPacket(packet, (frame) => frames.push(frame));
  return frames;
}

function sample(name: FrameName): Uint8Array {
  return encodeFrame(name, SAMPLE_FRAMES[name]);
}

/** The outcome of a packet: its frames' names, or the code of its refusal; anything else is thrown on. */
function outcomeOf(packet: Uint8Array): readonly FrameName[] | "malformed" | "unknown-frame" {
  try {
    return framesOf(packet).map((frame) => frame.name);
  } catch (error) {
    const code = failureCode(error);
    if (code === "malformed" || code === "unknown-frame") return code;
    throw error;
  }
}

test("every frame has these bytes for ever", () => {
  const written = Object.fromEntries(NAMES.map((name) => [name, toHex(sample(name))]));
  assert.deepEqual(written, GOLDEN_FRAMES);
});

test("the golden bytes are read as the sample frames", () => {
  const read = NAMES.flatMap((name) => framesOf(fromHex(GOLDEN_FRAMES[name])));
  assert.deepEqual(
    read,
    NAMES.map((name) => ({ name, payload: SAMPLE_FRAMES[name] })),
  );
});

test("the samples set every field of every frame", () => {
  const unset = NAMES.flatMap((name) => {
    const { fields } = FRAMES[name].schema as Schema<object>;
    const payload = SAMPLE_FRAMES[name] as Readonly<Record<string, unknown>>;
    return fields
      .filter((field) => [undefined, "", 0, false].includes(payload[field.name] as undefined))
      .map((field) => `${name}.${field.name}`);
  });
  assert.deepEqual(unset, []);
});

for (const name of NAMES) {
  test(`every ${name} comes back`, () => {
    const schema = FRAMES[name].schema as Schema<object>;
    fc.assert(
      fc.property(arbitraryMessage(schema), (payload) => {
        assert.deepEqual(framesOf(encodeFrame(name, payload as never)), [{ name, payload }]);
      }),
    );
  });
}

test("every event comes back", () => {
  fc.assert(
    fc.property(arbitraryMessage(Event), (event) => {
      assert.deepEqual(decode(Event, encode(Event, event)), event);
    }),
  );
});

test("the frames of a packet come in order", () => {
  const packet = new Writer();
  for (const name of NAMES) writeFrame(packet, name, SAMPLE_FRAMES[name]);
  assert.deepEqual(
    framesOf(packet.take()).map((frame) => frame.name),
    NAMES,
  );
});

test("kinds are unique; 1 to 63 go to the server, 64 to 127 to the client", () => {
  const kinds = NAMES.map((name) => FRAMES[name].kind);
  assert.deepEqual([...new Set(kinds)], kinds);
  assert.ok(kinds.every((kind) => kind >= 1 && kind <= 127));
  const answered = ["welcome", "pong", "push", "rebase", "done", "refused"] as const;
  assert.ok(answered.every((name) => FRAMES[name].kind >= 64));
});

test("a request goes to the server, its answer to the client, and both carry its id", () => {
  const requests = NAMES.filter(
    (name) => FRAMES[name].kind < 64 && FRAMES[name].schema.byNumber[1]?.name === "requestId",
  );
  const answers: readonly FrameName[] = Object.values(ANSWERS);
  const odd = answers.filter(
    (name) => FRAMES[name].kind < 64 || FRAMES[name].schema.byNumber[1]?.name !== "requestId",
  );
  assert.deepEqual([Object.keys(ANSWERS).toSorted(), odd], [requests.toSorted(), []]);
});

test("every truncation of every frame is malformed", () => {
  for (const name of NAMES) {
    const packet = sample(name);
    for (let cut = 0; cut < packet.length; cut++)
      assert.equal(outcomeOf(packet.subarray(0, cut)), "malformed", `${name} cut at ${cut}`);
  }
});

test("every flipped byte of every frame is read or refused", () => {
  for (const name of NAMES) {
    const packet = sample(name);
    const damaged = packet.slice();
    for (let place = 0; place < packet.length; place++) {
      for (const flip of FLIPS) {
        damaged[place] = packet[place]! ^ flip;
        outcomeOf(damaged);
      }
      damaged[place] = packet[place]!;
    }
  }
});

test("every truncation and every flipped byte of every event is read or malformed", () => {
  const isRead = (bytes: Uint8Array): boolean => {
    try {
      decode(Event, bytes);
      return true;
    } catch (error) {
      if (failureCode(error) !== "malformed") throw error;
      return false;
    }
  };
  for (const event of SAMPLE_EVENTS) {
    const whole = encode(Event, event);
    for (let cut = 0; cut < whole.length; cut++) isRead(whole.subarray(0, cut));
    const damaged = whole.slice();
    for (let place = 0; place < whole.length; place++) {
      for (let flip = 1; flip < 256; flip++) {
        damaged[place] = whole[place]! ^ flip;
        isRead(damaged);
      }
      damaged[place] = whole[place]!;
    }
  }
});

test("random bytes are read or refused", () => {
  const kind = fc.constantFrom(...NAMES.map((name) => FRAMES[name].kind));
  const noise = fc.array(fc.oneof(fc.nat({ max: 255 }), fc.nat({ max: 80 })), { maxLength: 100 });
  const framed = fc.tuple(kind, noise).map(([first, body]) => [first, body.length, ...body]);
  fc.assert(
    fc.property(fc.oneof(noise, framed), (input) => {
      outcomeOf(Uint8Array.from(input));
    }),
    { numRuns: 30_000 },
  );
});

test("fields that a frame does not have yet are skipped", () => {
  const later = fromHex("f80101 f901 0102030405060708 fa010161 fd0101020304 f801ffffffffffffffffff01");
  const read = NAMES.flatMap((name) => {
    const packet = new Writer();
    const payload = encode(FRAMES[name].schema as Schema<object>, SAMPLE_FRAMES[name]);
    packet.varint(FRAMES[name].kind);
    packet.varint(payload.length + later.length);
    packet.raw(payload);
    packet.raw(later);
    return framesOf(packet.take());
  });
  assert.deepEqual(
    read,
    NAMES.map((name) => ({ name, payload: SAMPLE_FRAMES[name] })),
  );
});

test("an unknown kind is refused with its number, after the frames before it", () => {
  for (const kind of [0, 62, 63, 127, 128, 300, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    const packet = new Writer();
    writeFrame(packet, "ping", {});
    packet.varint(kind);
    packet.varint(0);
    writeFrame(packet, "pong", {});
    const taken: FrameName[] = [];
    assert.throws(
      () => readPacket(packet.take(), (frame) => taken.push(frame.name)),
      (error) => error instanceof Failure && error.code === "unknown-frame" && error.details["kind"] === kind,
    );
    assert.deepEqual(taken, ["ping"]);
  }
});

test("a packet without a frame is malformed", () => {
  assert.equal(outcomeOf(new Uint8Array(0)), "malformed");
});

test(`a packet has at most ${PACKET_FRAMES_MAX} frames`, () => {
  const packetOf = (count: number): Uint8Array => fromHex("0200".repeat(count));
  const whole = outcomeOf(packetOf(PACKET_FRAMES_MAX));
  assert.equal(whole.length, PACKET_FRAMES_MAX);
  assert.equal(outcomeOf(packetOf(PACKET_FRAMES_MAX + 1)), "malformed");
});

test("a frame that claims more bytes than the packet has is malformed, and nothing is allocated for it", () => {
  const before = process.memoryUsage().arrayBuffers;
  const outcomes = NAMES.flatMap((name) =>
    [1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER].map((length) => {
      const packet = new Writer(16);
      packet.varint(FRAMES[name].kind);
      packet.varint(length);
      return outcomeOf(packet.take());
    }),
  );
  assert.deepEqual([...new Set(outcomes)], ["malformed"]);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
});

/** A packet with one frame of a field's items, each as these bytes. */
function packetOfItems(name: FrameName, item: Uint8Array, count: number): Uint8Array {
  const packet = new Writer();
  packet.varint(FRAMES[name].kind);
  packet.varint(item.length * count);
  for (let index = 0; index < count; index++) packet.raw(item);
  return packet.take();
}

test(`a packet has at most ${PACKET_MESSAGES_MAX} messages, however they lie within each other`, () => {
  const page = (count: number): Uint8Array => packetOfItems("historyPage", fromHex("2200"), count);
  // A message with a body with a text: three for each item.
  const deep = (count: number): Uint8Array => packetOfItems("historyPage", fromHex("22043a020a00"), count);
  const third = (PACKET_MESSAGES_MAX - 2) / 3;
  const push = (count: number): Uint8Array => packetOfItems("push", fromHex("1a00"), count);
  const allowed = [page(PACKET_MESSAGES_MAX - 1), push(PACKET_MESSAGES_MAX - 1), deep(third)];
  const refused = [page(PACKET_MESSAGES_MAX), push(PACKET_MESSAGES_MAX), deep(third + 1)];
  assert.deepEqual(
    [allowed.map(outcomeOf), refused.map(outcomeOf)],
    [
      [["historyPage"], ["push"], ["historyPage"]],
      ["malformed", "malformed", "malformed"],
    ],
  );
});

test("the messages of all frames of a packet are counted together", () => {
  const half = packetOfItems("historyPage", fromHex("2200"), PACKET_MESSAGES_MAX / 2 - 1);
  const packetOf = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
  const outcomes = [packetOf(half, half), packetOf(half, half, fromHex("0200"))].map(outcomeOf);
  assert.deepEqual(outcomes, [["historyPage", "historyPage"], "malformed"]);
});

test(`a packet has at most ${PACKET_BYTES_MAX} bytes`, () => {
  // A Ping with a field that it does not have.
  const packetOf = (bytes: number): Uint8Array => {
    const packet = new Writer();
    const rest = bytes - 8;
    packet.raw(Uint8Array.of(FRAMES.ping.kind));
    packet.varint(rest + 4);
    packet.raw(Uint8Array.of(0x0a));
    packet.varint(rest);
    packet.raw(new Uint8Array(rest));
    return packet.take();
  };
  const packets = [packetOf(PACKET_BYTES_MAX), packetOf(PACKET_BYTES_MAX + 1)];
  assert.deepEqual(
    packets.map((packet) => [packet.length, outcomeOf(packet)]),
    [
      [PACKET_BYTES_MAX, ["ping"]],
      [PACKET_BYTES_MAX + 1, "malformed"],
    ],
  );
});

test("a packet full of anything that repeats is read or refused", () => {
  const kind = fc.constantFrom(...NAMES.map((name) => FRAMES[name].kind));
  const pattern = fc.array(fc.oneof(fc.nat({ max: 255 }), fc.nat({ max: 80 })), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(kind, pattern, (first, bytes) => {
      const packet = new Writer(PACKET_BYTES_MAX);
      packet.varint(first);
      packet.varint(PACKET_BYTES_MAX - 4);
      const body = Uint8Array.from(
        { length: PACKET_BYTES_MAX - 4 },
        (_, index) => bytes[index % bytes.length]!,
      );
      packet.raw(body);
      outcomeOf(packet.take());
    }),
    { numRuns: 40 },
  );
});

test("what a reader of frames throws is passed on as it is", () => {
  const failure = new Error("mine");
  assert.throws(
    () =>
      readPacket(sample("ping"), () => {
        throw failure;
      }),
    failure,
  );
});
