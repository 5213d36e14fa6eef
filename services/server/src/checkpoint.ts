/**
 * How far each log has been turned into durable rows. Consumers start there after a restart, and what lies below may be
 * trimmed. A checkpoint only ever says less than what is true: it is written with the flush after the one it describes.
 */
import { type Infer, decode, encode, schema, uints } from "@parley/protocol";
import type { Log } from "@parley/logs";
import type { TableSpec, WriteBackTables } from "@parley/tables";

const CHECKPOINT: TableSpec = { name: "checkpoint", keyOwner: "installation" };
const CheckpointRow = schema("CheckpointRow", { offsets: uints(1) });
type CheckpointRow = Infer<typeof CheckpointRow>;

export interface Tracked {
  readonly name: string;
  readonly log: Log;
  appliedEnd(partition: number): number;
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
