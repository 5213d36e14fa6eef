/**
 * Looks after old messages in the server of a run: what is not kept any more is removed, the others go cold and come back, and
 * what is dead in the store is freed.
 */
import { failureCode, sleep } from "@parley/base";
import { HeadRow } from "@parley/domain";
import { CONVERSATION_HEAD, CONVERSATION_MESSAGE } from "@parley/message";
import { decode } from "@parley/protocol";
import { requireStoredHead, type Services } from "@parley/server";
import type { Key } from "@parley/tables";
import type { Process } from "./kernel.js";
import type { ColdPlan } from "./plan.js";
import { SeededRandom } from "./seeded-random.js";

export interface TidyingOptions {
  readonly services: Services;
  readonly process: Process;
  readonly plan: ColdPlan;
  /** Whether conversations are trimmed; without it a run is what it was before they were. */
  readonly hasTrims: boolean;
  /** Whether the time of trouble is long over: what was done by then is judged. */
  readonly isOver: () => boolean;
  readonly onTrouble: (error: unknown) => void;
}

/** Begins to walk now and then, until it is over or the process ends. */
export function startTidying(options: TidyingOptions): void {
  const { services, process, plan, hasTrims, isOver, onTrouble } = options;
  const { scheduler, clock } = process.ambient;
  const random = new SeededRandom(plan.seed + process.name.length + services.epoch);
  const { tables, blocks, direct } = services.tableStack;
  const removeGone = async (partition: Key): Promise<void> => {
    const row = await tables.find(CONVERSATION_HEAD, partition, []);
    const firstKept = row === undefined ? 0 : decode(HeadRow, row).firstKept;
    if (firstKept > 1) await requireStoredHead(services.tableStack, partition, firstKept);
    let removed = firstKept > 1 ? 1 : 0;
    while (removed > 0) removed = await direct.trim(CONVERSATION_MESSAGE, partition, firstKept);
  };
  const walk = async (): Promise<void> => {
    if (random.isTrue(0.5)) await tables.flush();
    const beforeMs = clock.nowMs() - plan.ageMs;
    const isThaw = random.isTrue(plan.thawChance);
    const rule = isThaw ? ("hot" as const) : { beforeMs };
    await blocks.cold!.pass(CONVERSATION_MESSAGE, async (partition) => {
      if (hasTrims) await removeGone(partition);
      return rule;
    });
    await blocks.cold!.sweep([CONVERSATION_MESSAGE]);
  };
  const walkNowAndThen = async (): Promise<void> => {
    while (process.isAlive && !isOver()) {
      await sleep(scheduler, random.waitMs(plan.everyMs));
      try {
        await walk();
      } catch (error) {
        if (!process.isAlive || failureCode(error) === "tables-closed") return;
        onTrouble(error);
      }
    }
  };
  walkNowAndThen().catch(onTrouble);
}
