/** Who uses a device: a Web Lock of its name is shared by its tabs, and held alone by whoever gives it to somebody or deletes it. */
import type { DeviceId } from "@parley/protocol";

/** Deleting a store, which holds the lock alone, takes less. */
const SHARED_WAIT_MS = 5_000;

export type ReleaseDevice = () => void;

/** Whether tabs can share a device; a page that was not served securely has no locks. */
export function canShareDevices(): boolean {
  return (navigator as { readonly locks?: LockManager }).locks !== undefined;
}

/** Uses a device together with other tabs; undefined when somebody has it alone for too long. */
export function shareDevice(deviceId: DeviceId): Promise<ReleaseDevice | undefined> {
  return takeLock(deviceId, () => ({ mode: "shared", signal: AbortSignal.timeout(SHARED_WAIT_MS) }));
}

/**
 * Takes a device that no tab uses, or resolves with undefined. Without locks every tab gets what it asks for, and the server lets only
 * the newest connection of a device live.
 */
export function takeDevice(deviceId: DeviceId): Promise<ReleaseDevice | undefined> {
  return takeLock(deviceId, () => ({ ifAvailable: true }));
}

async function takeLock(deviceId: DeviceId, options: () => LockOptions): Promise<ReleaseDevice | undefined> {
  const locks = (navigator as { readonly locks?: LockManager }).locks;
  if (locks === undefined) return () => undefined;
  let release: ReleaseDevice = () => undefined;
  const isHeld = new Promise<boolean>((resolve) => {
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      resolve(lock !== null);
      if (lock === null) return undefined;
      return new Promise((end) => {
        release = end;
      });
    };
    // It rejects when the wait is over, which tells the same as no lock.
    locks.request(lockNameOf(deviceId), options(), hold).catch(() => resolve(false));
  });
  return (await isHeld) ? () => release() : undefined;
}

function lockNameOf(deviceId: DeviceId): string {
  return `parley/device/${deviceId}`;
}
