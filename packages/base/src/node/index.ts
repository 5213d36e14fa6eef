export {
  jsonLogger,
  silentLogger,
  systemAmbient,
  systemClock,
  systemRandom,
  systemScheduler,
} from "./ambient.js";
export { youngGenerationBytes } from "./young-generation.js";
