/** One seed of a scenario, as the command runs it: some of them twice. */
import type { TraceLine } from "./kernel.js";
import { planOf, type Scenario } from "./plan.js";
import type { PlantedBugName } from "./planted-bugs.js";
import { simulate, type SimulationResult } from "./simulation.js";

/** Every so many seeds are run twice: the same seed has to be the same run. */
const REPEAT_EVERY = 100;

export interface SeedTask {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly planted: PlantedBugName | undefined;
}

export async function runSeed(
  { seed, scenario, planted }: SeedTask,
  onTrace?: (line: TraceLine) => void,
): Promise<SimulationResult> {
  const plan = planOf(seed, scenario);
  const bug = planted === undefined ? {} : { planted };
  const result = await simulate(seed, plan, onTrace === undefined ? bug : { ...bug, onTrace });
  if (seed % REPEAT_EVERY !== 0) return result;
  const again = await simulate(seed, plan, bug);
  if (again.traceHash === result.traceHash) return result;
  const complaint = `the same seed ran differently: ${result.traceHash}, then ${again.traceHash}`;
  return { ...result, complaints: [...result.complaints, complaint] };
}
