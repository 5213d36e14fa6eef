import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "./codec/reader.js";
import { encode } from "./codec/writer.js";
import { type MediaId, parseMediaId } from "./ids.js";
import { type MediaBody, findMediaKind } from "./media.js";
import { Body } from "./model.js";
import { filled } from "./codec/schema.js";
import { toHex } from "./testing/hex.js";

const MEDIA: MediaBody = {
  mediaId: "0123456789abcdef0123456789abcdef" as MediaId,
  kind: "image",
  name: "a.png",
  type: "image/png",
  bytes: 300,
  width: 640,
  height: 480,
  durationMs: 1,
  hasThumbnail: true,
  caption: "Hi",
};

test("a body with media has these bytes for ever", () => {
  const body = filled(Body, { media: MEDIA });
  const bytes = encode(Body, body);
  assert.deepEqual(
    [toHex(bytes), decode(Body, bytes)],
    [
      "224c0a2030313233343536373839616263646566303132333435363738396162636465661205696d6167651a05612e706e67" +
        "2209696d6167652f706e6728ac0230800538e003400148015202" +
        "4869",
      body,
    ],
  );
});

test("a media id is 32 hexadecimal digits", () => {
  const isRefused = (text: string): boolean => {
    try {
      parseMediaId(text);
      return false;
    } catch {
      return true;
    }
  };
  assert.deepEqual(
    [MEDIA.mediaId, "0".repeat(31), "0".repeat(33), "A".repeat(32), "../".repeat(11).slice(1)].map(isRefused),
    [false, true, true, true, true],
  );
});

test("a kind that is not known is none", () => {
  assert.deepEqual([findMediaKind("video"), findMediaKind("svg")], ["video", undefined]);
});
