export { type TraceLine } from "./kernel.js";
export { type Plan, planOf, type Scenario, SCENARIOS } from "./plan.js";
export { type PlantedBugName, PLANTED_BUGS } from "./planted-bugs.js";
export { simulate, type SimulationOptions, type SimulationResult } from "./simulation.js";
