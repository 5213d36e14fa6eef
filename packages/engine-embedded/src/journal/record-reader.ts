import { Failure } from "@parley/base";
import type { LogRecord, ReadLimits } from "@parley/logs";
import type { PartitionState } from "./partition-state.js";
import { type FoundRecord, RECORD_PREFIX_BYTES, readRecord } from "./record-format.js";
import { corrupt } from "./recovery.js";
import type { SegmentSet } from "./segment-set.js";

/**
 * Durable records of a partition from `from` on: from memory, else from disk, where every record is checked.
 * Errors: "log-trimmed", "log-corrupt" with file and position, "log-closed".
 */
export async function readRecords(
  segments: SegmentSet,
  state: PartitionState,
  from: number,
  limits: ReadLimits,
): Promise<readonly LogRecord[]> {
  if (from < state.first) {
    throw new Failure("log-trimmed", `Offset ${from} is trimmed; the first one is ${state.first}.`);
  }
  const recordsMax = Math.min(limits.recordsMax, state.durable - from);
  if (recordsMax <= 0) return [];
  const cached = state.cached(from, recordsMax);
  if (cached !== undefined) return within(cached, limits.bytesMax);
  return readFromDisk(segments, state, from, { recordsMax, bytesMax: limits.bytesMax });
}

async function readFromDisk(
  segments: SegmentSet,
  state: PartitionState,
  from: number,
  limits: ReadLimits,
): Promise<readonly LogRecord[]> {
  const found = state.locate(from, limits.recordsMax);
  if (found === undefined) throw new Failure("log-trimmed", `Offset ${from} is no longer kept.`);
  const start = found.positions[0]!;
  const { path, bytes } = await segments.readChunk(found.segment, start, limits.bytesMax);
  const records: LogRecord[] = [];
  for (const [index, position] of found.positions.entries()) {
    const record = readRecord(bytes, position - start);
    if (record === undefined) {
      if (index > 0) break;
      return [await readAlone(segments, state, { segment: found.segment, position, offset: from })];
    }
    if (!isOf(state, record, from + index)) throw corrupt(path, position);
    records.push({ offset: record.offset, payload: bytes.subarray(record.payloadStart, record.end) });
  }
  return records;
}

/** A record that is larger than the limits, or damaged. */
async function readAlone(
  segments: SegmentSet,
  state: PartitionState,
  at: { readonly segment: number; readonly position: number; readonly offset: number },
): Promise<LogRecord> {
  const { bytes: prefix, path } = await segments.readChunk(at.segment, at.position, RECORD_PREFIX_BYTES);
  if (prefix.length < RECORD_PREFIX_BYTES) throw corrupt(path, at.position);
  const length = RECORD_PREFIX_BYTES + prefix.readUInt32LE(0);
  const { bytes } = await segments.readChunk(at.segment, at.position, length);
  const record = readRecord(bytes, 0);
  if (record === undefined || !isOf(state, record, at.offset)) throw corrupt(path, at.position);
  return { offset: at.offset, payload: bytes.subarray(record.payloadStart, record.end) };
}

function isOf(state: PartitionState, record: FoundRecord, offset: number): boolean {
  return (
    record.logIndex === state.logIndex && record.partition === state.partition && record.offset === offset
  );
}

function within(records: readonly LogRecord[], bytesMax: number): readonly LogRecord[] {
  let bytes = 0;
  for (let index = 0; index < records.length; index++) {
    bytes += records[index]!.payload.length;
    if (bytes > bytesMax && index > 0) return records.slice(0, index);
  }
  return records;
}
