import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { middleSquare } from "./square-picture.js";

test("the middle of a picture is cut out, whichever side is longer", () => {
  deepEqual(
    [middleSquare(300, 100), middleSquare(100, 301), middleSquare(64, 64)],
    [
      { x: 100, y: 0, side: 100 },
      { x: 0, y: 100, side: 100 },
      { x: 0, y: 0, side: 64 },
    ],
  );
});
