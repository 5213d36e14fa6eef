export { appendFailure } from "./append-failure.js";
export { LogConsumer, type LogConsumerOptions } from "./consumer.js";
export type { AppendResult, Log, LogRecord, ReadLimits, RecordSource } from "./log.js";
export { MemoryLog, MemoryLogStore } from "./memory-logs.js";
