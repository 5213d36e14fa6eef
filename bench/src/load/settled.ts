import { pause } from "../pause.js";

const SETTLE_MS = 2_000;

/** Waits until what was begun is done, and collects garbage twice: what goes first may hold more. Resolves as the second time does. */
export async function settled<T>(collectGarbage: () => Promise<T>, settleMs = SETTLE_MS): Promise<T> {
  await pause(settleMs);
  await collectGarbage();
  await pause(settleMs);
  return collectGarbage();
}
