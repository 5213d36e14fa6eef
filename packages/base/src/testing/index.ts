export type { MicroBench } from "./micro-bench.js";
export { blocksOf, docNames, isDoc, readDoc, rowsOf, sectionOf } from "./docs.js";
export { ManualTime } from "./manual-time.js";
export { manualAmbient, RecordingLogger, seededRandom } from "./manual-ambient.js";
