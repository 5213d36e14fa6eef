import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE_BYTES_MAX } from "./limits.js";
import { countFitting } from "./page-bytes.js";

test("a page takes items up to its bytes, and one in any case", () => {
  const half = PAGE_BYTES_MAX / 2;
  const counts = [[], [1, 1], [half, half], [half, half, 1], [half, half + 1], [PAGE_BYTES_MAX + 1, 1]].map(
    countFitting,
  );
  assert.deepEqual(counts, [0, 2, 2, 2, 1, 1]);
});
