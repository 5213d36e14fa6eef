/** Looks after old messages in the server of a run: they go cold, come back, and what is dead in the store is freed. */
import { failureCode, sleep } from "@parley/base";
import { CONVERSATION_MESSAGE } from "@parley/message";
import type { Services } from "@parley/server";
import type { Process } from "./kernel.js";
import type { ColdPlan } from "./plan.js";
import { SeededRandom } from "./seeded-random.js";

export interface TidyingOptions {
  readonly services: Services;
  readonly process: Process;
  readonly plan: ColdPlan;
  readonly onTrouble: (error: unknown) => void;
}

/** Begins to walk now and then, for as long as the process lives. */
export function startTidying({ services, process, plan, onTrouble }: TidyingOptions): void {
  const { scheduler, clock } = process.ambient;
  const random = new SeededRandom(plan.seed + process.name.length + services.epoch);
  const { tables, blocks } = services.tableStack;
  const walk = async (): Promise<void> => {
    if (random.isTrue(0.5)) await tables.flush();
    const beforeMs = clock.nowMs() - plan.ageMs;
    const isThaw = random.isTrue(plan.thawChance);
    const rule = isThaw ? ("hot" as const) : { beforeMs };
    await blocks.cold!.pass(CONVERSATION_MESSAGE, () => Promise.resolve(rule));
    await blocks.cold!.sweep([CONVERSATION_MESSAGE]);
  };
  const walkNowAndThen = async (): Promise<void> => {
    while (process.isAlive) {
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
