import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "./failure.js";
import { Slots } from "./slots.js";

test("so many tasks run at a time, those who wait in their order, and beyond that none", async () => {
  const slots = new Slots({ runningMax: 2, waitingMax: 2, refusal: "Full." });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const run = (id: number): Promise<void> =>
    slots.run(() => {
      begun.push(id);
      return new Promise((resolve, reject) =>
        ends.push(id === 1 ? () => reject(new Error("failed")) : resolve),
      );
    });
  const outcomes = [1, 2, 3, 4, 5].map((id) =>
    run(id).then(
      () => "ok",
      (error: unknown) => failureCode(error) ?? (error as Error).message,
    ),
  );
  await Promise.resolve();
  assert.deepEqual(begun, [1, 2]);
  for (let index = 0; index < 4; index++) {
    ends[index]!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(begun, [1, 2, 3, 4]);
  assert.deepEqual(await Promise.all(outcomes), ["failed", "ok", "ok", "ok", "too-many-requests"]);
  await slots.run(async () => undefined);
});
