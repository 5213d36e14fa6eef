export { type TraceLine } from "./kernel.js";
export { type Plan, planOf, type Scenario, SCENARIOS } from "./plan.js";
export { simulate, type SimulationResult } from "./simulation.js";
