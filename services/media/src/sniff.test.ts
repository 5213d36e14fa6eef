import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOfClaim, sniffType, typeAs, UNKNOWN_TYPE } from "./sniff.js";
import { SAMPLES } from "./testing/sample-files.js";

test("a type is found in the first bytes", () => {
  assert.deepEqual(
    SAMPLES.map(([name, , bytes]) => [name, sniffType(bytes)]),
    SAMPLES.map(([name, type]) => [name, type]),
  );
});

test("no beginning of a file, however short, makes it more than it is", () => {
  const wrong = SAMPLES.flatMap(([name, type, bytes]) =>
    Array.from({ length: bytes.length }, (_, length) => sniffType(bytes.subarray(0, length)))
      .filter((found) => found !== type && found !== UNKNOWN_TYPE)
      // An Ogg file is one of sound until it says otherwise.
      .filter((found) => !(name === "theora" && found === "audio/ogg"))
      .map((found) => `${name}: ${found}`),
  );
  assert.deepEqual(wrong, []);
});

test("what browsers may run is of no kind but file", () => {
  const found = ["svg", "html", "pdf", "zip"].map((name) => SAMPLES.find(([each]) => each === name)![2]);
  const kinds = (["image", "audio", "video"] as const).flatMap((kind) =>
    found.map((bytes) => typeAs(kind, sniffType(bytes))),
  );
  assert.deepEqual(new Set(kinds), new Set([undefined]));
});

test("a container is heard or seen", () => {
  assert.deepEqual(
    [
      typeAs("audio", "video/webm"),
      typeAs("video", "video/webm"),
      typeAs("video", "audio/mpeg"),
      typeAs("image", "video/mp4"),
    ],
    ["audio/webm", "video/webm", undefined, undefined],
  );
});

test("a claim is of a kind: pictures only those that are shown", () => {
  const claims = [
    "image/png",
    "image/jpg",
    "image/svg+xml",
    "image/heic",
    "audio/x-anything",
    "video/mp4",
    "text/html",
    "",
  ];
  assert.deepEqual(claims.map(kindOfClaim), [
    "image",
    "image",
    "file",
    "file",
    "audio",
    "video",
    "file",
    "file",
  ]);
});
