/**
 * How far each log has been turned into durable rows. Consumers start there after a restart, and what lies below may be
 * trimmed. A checkpoint only ever says less than what is true: it is written with the flush after the one it describes.
 */
import { type Ambient, isRareTime, messageOf, type Timer } from "@parley/base";
import { type Infer, decode, encode, schema, uints } from "@parley/protocol";
import type { Log } from "@parley/logs";
import type { TableSpec, WriteBackTables } from "@parley/tables";

const CHECKPOINT_MS_MIN = 5_000;
/** What a restart has to apply again at most: about five seconds of work. */
const CHECKPOINT_RECORDS_MAX = 200_000;
const CHECKPOINT_TICK_MS = 1_000;
/** Partition (log), sort (): CheckpointRow. */
export const CHECKPOINT: TableSpec = { name: "checkpoint", keyOwner: "installation" };
export const CheckpointRow = schema("CheckpointRow", { offsets: uints(1) });
export type CheckpointRow = Infer<typeof CheckpointRow>;

export interface Tracked {
  readonly name: string;
  readonly log: Log;
  appliedEnd(partition: number): number;
}

export interface CheckpointOptions {
  readonly ambient: Ambient;
  /** How long rows are held; more often there is nothing to gain. */
  readonly holdMs: number;
  readonly onFatal: (error: unknown) => void;
}

/** The offsets that a log's consumers begin at, by partition. */
export async function readCheckpoint(
  tables: WriteBackTables,
  name: string,
  log: Log,
): Promise<readonly number[]> {
  const value = await tables.find(CHECKPOINT, [name], []);
  const offsets = value === undefined ? [] : decode(CheckpointRow, value).offsets;
  return Array.from({ length: log.partitionCount }, (_, partition) =>
    Math.max(offsets[partition] ?? 0, log.firstOffset(partition)),
  );
}

/** Flushes, and lets the logs forget what is contained in durable rows. */
export async function checkpoint(tables: WriteBackTables, tracked: readonly Tracked[]): Promise<void> {
  const marks = tracked.map((each) =>
    Array.from({ length: each.log.partitionCount }, (_, partition) => each.appliedEnd(partition)),
  );
  await tables.flush();
  for (const [index, { name, log }] of tracked.entries()) {
    const offsets = marks[index]!;
    tables.stage({
      partition: [name],
      writes: [{ kind: "put", table: CHECKPOINT, sort: [], value: encode(CheckpointRow, { offsets }) }],
    });
    await Promise.all(offsets.map((offset, partition) => log.trim(partition, offset)));
  }
}

/** Makes a checkpoint now and then. Whoever cannot make one says so to `onFatal`. */
export function startCheckpoints(
  tables: WriteBackTables,
  tracked: readonly Tracked[],
  { ambient, onFatal, holdMs }: CheckpointOptions,
): { stop(): Promise<void> } {
  const { clock, scheduler, logger } = ambient;
  const checkpointMs = Math.max(CHECKPOINT_MS_MIN, holdMs);
  const appliedRecords = (): number => tracked.reduce((sum, each) => sum + appliedTo(each), 0);
  let running: Promise<void> = Promise.resolve();
  let isRunning = false;
  let lastMs = clock.monotonicMs();
  let lastRecords = appliedRecords();
  const isDue = (): boolean =>
    clock.monotonicMs() - lastMs >= checkpointMs ||
    appliedRecords() - lastRecords >= CHECKPOINT_RECORDS_MAX ||
    isRareTime("checkpoint-comes-early");
  const timer: Timer = scheduler.every(CHECKPOINT_TICK_MS, () => {
    if (isRunning || !isDue()) return;
    isRunning = true;
    lastMs = clock.monotonicMs();
    lastRecords = appliedRecords();
    running = checkpoint(tables, tracked).then(
      () => {
        isRunning = false;
      },
      (error: unknown) => {
        logger.error("checkpoint-failed", { error: messageOf(error) });
        onFatal(error);
      },
    );
  });
  return {
    async stop() {
      timer.cancel();
      await running;
    },
  };
}

/** Records of all partitions that are applied. */
function appliedTo(tracked: Tracked): number {
  let sum = 0;
  for (let partition = 0; partition < tracked.log.partitionCount; partition++)
    sum += tracked.appliedEnd(partition);
  return sum;
}
