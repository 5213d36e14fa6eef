/**
 * Which devices this browser has been. The tabs of a sign-in are one device with one store; who signs in again takes up
 * a device that no tab uses now, so that its store, and what was not sent yet, is not lost.
 */
import type { DeviceId, UserId } from "@parley/protocol";

export interface DeviceRecord {
  readonly deviceId: DeviceId;
  readonly userId: UserId;
  /** When a tab last began to use it. */
  readonly usedMs: number;
}

/** A device that was not used for this long is given up, and its store with it. */
const UNUSED_MS_MAX = 30 * 24 * 60 * 60 * 1000;
/** Devices that this browser keeps. */
export const RECORDS_MAX = 16;
/** Devices that a sign-in looks at before it makes a new one. */
export const CANDIDATES_MAX = 8;
/** Stores that one start deletes, so that it is not held up. */
export const STALE_PER_START_MAX = 4;

/** The devices of `userId` that a sign-in may take up: the last used first. */
export function candidatesOf(records: readonly DeviceRecord[], userId: string): readonly DeviceRecord[] {
  return newestFirst(records.filter((record) => record.userId === userId)).slice(0, CANDIDATES_MAX);
}

/** The devices to give up now: unused for long, or more than are kept; the longest unused first. */
export function staleOf(records: readonly DeviceRecord[], nowMs: number): readonly DeviceRecord[] {
  return newestFirst(records)
    .filter((record, index) => index >= RECORDS_MAX || nowMs - record.usedMs > UNUSED_MS_MAX)
    .toReversed()
    .slice(0, STALE_PER_START_MAX);
}

/** The records with this one added, or in place of its older self. */
export function withRecord(records: readonly DeviceRecord[], record: DeviceRecord): readonly DeviceRecord[] {
  return [...withoutRecord(records, record.deviceId), record];
}

/** The records without a device. */
export function withoutRecord(records: readonly DeviceRecord[], deviceId: DeviceId): readonly DeviceRecord[] {
  return records.filter((record) => record.deviceId !== deviceId);
}

/** The name of a device's database. */
export function storeNameOf({ userId, deviceId }: Pick<DeviceRecord, "userId" | "deviceId">): string {
  return `parley/${userId}/${deviceId}`;
}

function newestFirst(records: readonly DeviceRecord[]): readonly DeviceRecord[] {
  return records.toSorted((one, other) => other.usedMs - one.usedMs);
}
