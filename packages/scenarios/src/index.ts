export { ANNOUNCEMENT } from "./announcement.js";
export { checkScenarios, SCENARIO_BYTES_MAX } from "./check-scenario.js";
export { CLASS_GROUP } from "./class-group.js";
