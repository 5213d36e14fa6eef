export {
  jsonLogger,
  silentLogger,
  systemAmbient,
  systemClock,
  systemRandom,
  systemScheduler,
} from "./ambient.js";
