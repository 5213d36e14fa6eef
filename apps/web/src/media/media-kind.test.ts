import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { endingOf, isDrawable, safeTypeOf, shownKindOf } from "./media-kind.js";

test("what is not on the list of types is a file, whatever it is called", () => {
  const shown = (kind: string, type: string): string => shownKindOf({ kind, type });
  deepEqual(
    [
      shown("image", "image/png"),
      shown("video", "video/mp4"),
      shown("audio", "audio/mpeg"),
      shown("image", "image/svg+xml"),
      shown("image", "text/html"),
      shown("video", "image/png"),
      shown("file", "image/png"),
      shown("constructor", "image/png"),
    ],
    ["image", "video", "audio", "file", "file", "file", "file", "file"],
  );
});

test("bytes are given to the browser under a type that is shown, or as bytes", () => {
  deepEqual(
    ["image/PNG", "audio/wav; x=1", "image/svg+xml", "text/html; charset=utf-8", "", "application/pdf"].map(
      safeTypeOf,
    ),
    ["image/png", "audio/wav", ...Array.from({ length: 4 }, () => "application/octet-stream")],
  );
});

test("the word on an icon is the ending of the name", () => {
  deepEqual(["report.pdf", "a.tar.gz", "README", "x.", "a.verylong", "图.文档"].map(endingOf), [
    "PDF",
    "GZ",
    "",
    "",
    "",
    "文档",
  ]);
});

test("of one's own files pictures are drawn, but nothing that could run", () => {
  deepEqual(["image/jpeg", "image/svg+xml", "video/mp4", ""].map(isDrawable), [true, false, false, false]);
});
