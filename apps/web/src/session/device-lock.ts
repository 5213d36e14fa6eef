/** One tab at a time is a device: a Web Lock of the device's name is held for as long as the tab is it. */
import type { DeviceId } from "@parley/protocol";

/** A tab that is reloaded may find the lock of its former self for a moment. */
const RELOAD_WAIT_MS = 1_500;

export type ReleaseDevice = () => void;

/**
 * Takes a device, or resolves with undefined when another tab is it. A page that was not served securely has no locks;
 * then every tab gets what it asks for, and the server lets only the newest connection of a device live.
 */
export async function takeDevice(
  deviceId: DeviceId,
  { waitMs = RELOAD_WAIT_MS }: { readonly waitMs?: number } = {},
): Promise<ReleaseDevice | undefined> {
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
    const options = waitMs > 0 ? { signal: AbortSignal.timeout(waitMs) } : ({ ifAvailable: true } as const);
    // It rejects when the wait is over, which tells the same as no lock.
    locks.request(lockNameOf(deviceId), options, hold).catch(() => resolve(false));
  });
  return (await isHeld) ? () => release() : undefined;
}

function lockNameOf(deviceId: DeviceId): string {
  return `parley/device/${deviceId}`;
}
