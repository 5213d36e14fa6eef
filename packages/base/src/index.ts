export { assert, AssertionFailure, unreachable } from "./assert.js";
export { Failure, failureCode, messageOf, reasonOf, type FailureOptions, type Retry } from "./failure.js";
export { LruMap } from "./lru-map.js";
export { partitionOf } from "./partition.js";
export {
  sleep,
  turn,
  type Ambient,
  type Clock,
  type Logger,
  type Random,
  type Scheduler,
  type Timer,
} from "./ports.js";
export { isRareTime, RARE_PATHS, type RarePath, withRarePaths } from "./rare-paths.js";
export { Slots, type SlotsOptions } from "./slots.js";
export { TaskQueue } from "./task-queue.js";
export { createUlidSource, type UlidSource } from "./ulid.js";
