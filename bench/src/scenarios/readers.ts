/** How long it takes to tell who has read a message of a large group: the first time, and when its index is there. */
import type { UserId } from "@parley/protocol";
import { counted } from "../ablation/ablation.js";
import { thousandths } from "../rounding.js";
import { seededUnit } from "../seeded-unit.js";
import type { Report } from "./direct-report.js";

export interface ReadersPlan {
  readonly members: number;
  readonly seed: number;
}

const MESSAGES = 200;
const ROUNDS = 200;
const AT_A_TIME = 100;

export async function measureReaders(plan: ReadersPlan, say: (line: string) => void): Promise<Report> {
  const figures: Record<string, number> = { members: plan.members, messages: MESSAGES };
  const complaints: string[] = [];
  say(`making a group of ${plan.members}`);
  await counted({}, async (world) => {
    const userIds = Array.from({ length: plan.members }, (_, index) => `m${index}` as UserId);
    await world.addUsers(userIds);
    const conversationId = await world.group(userIds);
    for (let count = 0; count < MESSAGES; count++)
      await world.send(userIds[count % userIds.length]!, conversationId, "x");
    const random = seededUnit(plan.seed);
    for (let start = 0; start < userIds.length; start += AT_A_TIME) {
      const reading = userIds.slice(start, start + AT_A_TIME).map((userId) => {
        const sequence = 1 + Math.floor(random() * MESSAGES);
        return world.parley.message.markRead(world.session(userId), conversationId, sequence);
      });
      await Promise.all(reading);
    }
    return async () => {
      const { message } = world.parley;
      const session = world.session(userIds[0]!);
      const sequences = Array.from({ length: MESSAGES }, (_, index) => index + 2);
      const page = { conversationId, sequence: 100, isUnread: false, after: "", limit: 0 };
      const [firstMs] = await timed(1, () => message.readers(session, page));
      const listMs = await timed(ROUNDS, () => message.readers(session, page));
      const countsMs = await timed(ROUNDS, () => message.readCounts(session, { conversationId, sequences }));
      // Somebody reads between two questions: the index is sorted again.
      const changedMs = await timed(ROUNDS, async (round) => {
        const reader = world.session(userIds[round % userIds.length]!);
        const beganMs = performance.now();
        await message.markRead(reader, conversationId, MESSAGES + 1);
        const readMs = performance.now() - beganMs;
        await message.readers(session, page);
        return readMs;
      });
      const { read, unread } = await message.readers(session, page);
      if (read + unread !== plan.members - 1)
        complaints.push(`${read} + ${unread} are not all but the sender.`);
      figures["first_list_ms"] = thousandths(firstMs!);
      figures["list_p50_ms"] = quantile(listMs, 0.5);
      figures["list_p99_ms"] = quantile(listMs, 0.99);
      figures["list_after_change_p50_ms"] = quantile(changedMs, 0.5);
      figures["list_after_change_p99_ms"] = quantile(changedMs, 0.99);
      figures["counts_of_200_p50_ms"] = quantile(countsMs, 0.5);
      figures["counts_of_200_p99_ms"] = quantile(countsMs, 0.99);
    };
  });
  return { figures, complaints };
}

/** Milliseconds of each round; what `ask` resolves with is not counted. */
async function timed(rounds: number, ask: (round: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const beganMs = performance.now();
    const other = await ask(round);
    times.push(performance.now() - beganMs - (typeof other === "number" ? other : 0));
  }
  return times;
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return thousandths(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!);
}
