export { ManualTime } from "./manual-time.js";
export { manualAmbient, RecordingLogger, seededRandom } from "./manual-ambient.js";
