import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { mediaBox } from "./media-box.js";

test("a picture keeps its shape within the largest box, and is never too small to hit", () => {
  const box = (width: number, height: number): readonly number[] => {
    const { widthPx, heightPx } = mediaBox({ width, height });
    return [widthPx, heightPx];
  };
  deepEqual(
    [box(4_000, 3_000), box(3_000, 4_000), box(200, 100), box(10_000, 20), box(1, 1), box(0, 0), box(5, -1)],
    [
      [340, 255],
      [225, 300],
      [200, 100],
      [340, 96],
      [96, 96],
      [320, 180],
      [320, 180],
    ],
  );
});
