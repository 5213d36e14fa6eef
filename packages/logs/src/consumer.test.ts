import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { systemScheduler } from "@parley/base/node";
import { LogConsumer } from "./consumer.js";
import type { LogRecord } from "./log.js";
import { MemoryLog, MemoryLogStore } from "./memory-logs.js";

const LIMITS = { recordsMax: 2, bytesMax: 1000 };

function open(partitionCount = 1): MemoryLog {
  return new MemoryLog(new MemoryLogStore(partitionCount), systemScheduler);
}

function consume(
  log: MemoryLog,
  handle: (partition: number, records: readonly LogRecord[]) => Promise<void>,
  onFailure: (error: unknown) => void = (error) => {
    throw error;
  },
): LogConsumer {
  const consumer = new LogConsumer({ log, startOffset: () => 0, limits: LIMITS, handle, onFailure });
  consumer.start();
  return consumer;
}

test("a consumer gets every record once, in order, whether it came before or after the start", async () => {
  const log = open();
  const seen: number[] = [];
  await Promise.all([0, 1, 2].map((value) => log.append(0, new Uint8Array([value]))));
  const consumer = consume(log, async (_partition, records) => {
    for (const { payload } of records) seen.push(payload[0]!);
  });
  await Promise.all([3, 4].map((value) => log.append(0, new Uint8Array([value]))));
  await consumer.waitApplied(0, 5);
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  assert.equal(consumer.appliedEnd(0), 5);
  await consumer.stop();
});

test("a batch is handled only after the one before it, and partitions do not wait for each other", async () => {
  const log = open(2);
  const order: string[] = [];
  let release = (): void => {};
  const blocked = new Promise<void>((resolve) => (release = resolve));
  const consumer = consume(log, async (partition, records) => {
    order.push(`${partition}:${records.length}`);
    if (partition === 0) await blocked;
  });
  await log.append(0, new Uint8Array(1));
  await log.append(0, new Uint8Array(1));
  await log.append(1, new Uint8Array(1));
  await consumer.waitApplied(1, 1);
  assert.deepEqual(order, ["0:1", "1:1"]);
  release();
  await consumer.waitApplied(0, 2);
  assert.deepEqual(order, ["0:1", "1:1", "0:1"]);
  await consumer.stop();
});

test("a failure of the handler stops the consumer, is reported once, and fails who waits", async () => {
  const log = open(2);
  const failures: unknown[] = [];
  const failed = new Error("broken");
  const consumer = consume(
    log,
    async () => {
      throw failed;
    },
    (error) => failures.push(error),
  );
  const waiting = consumer.waitApplied(0, 1);
  waiting.catch(() => {});
  await Promise.all([log.append(0, new Uint8Array(1)), log.append(1, new Uint8Array(1))]);
  await assert.rejects(waiting, (error) => failureCode(error) === "consumer-stopped");
  await consumer.stop();
  assert.deepEqual(failures, [failed]);
});

test("stopping waits for the batch that is being handled", async () => {
  const log = open();
  let isDone = false;
  const consumer = consume(log, async () => {
    await new Promise<void>((resolve) => systemScheduler.soon(resolve));
    isDone = true;
  });
  await log.append(0, new Uint8Array(1));
  await consumer.stop();
  assert.equal(isDone, true);
});
