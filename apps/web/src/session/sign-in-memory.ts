/** What a browser remembers of sign-ins: the session that its tabs share, and the devices that it has been. */
import type { DeviceId, UserId } from "@parley/protocol";
import { type KeyValues, keysOf } from "./browser-storage.js";
import { type DeviceRecord, withoutRecord, withRecord } from "./device-records.js";

/** A sign-in. It lasts until somebody signs out, here or elsewhere, or until it expires. */
export interface TabSession {
  readonly token: string;
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly expiresAtMs: number;
}

const SESSION_KEY = "parley.session";
const DEVICES_KEY = "parley.devices";
const PREFIX = "parley.";
/** What tells nothing of who was signed in: their language and appearance. */
const PREFERENCES_KEY = "parley.preferences";

export class SignInMemory {
  readonly #sessions: KeyValues;
  readonly #browser: KeyValues;

  /** `sessions` is the browser's storage, too, where tabs can share a session; else that of the tab. */
  constructor(sessions: KeyValues, browser: KeyValues) {
    this.#sessions = sessions;
    this.#browser = browser;
  }

  /** Finds the session that this tab has, or shares with others. */
  findSession(): TabSession | undefined {
    const value = readJson(this.#sessions, SESSION_KEY);
    return isTabSession(value) ? value : undefined;
  }

  keepSession(session: TabSession): void {
    writeJson(this.#sessions, SESSION_KEY, session);
  }

  /** Forgets a session, unless there is another by now; what was begun to be written stays for the next. */
  forgetSession({ token }: Pick<TabSession, "token">): void {
    if (this.findSession()?.token === token) this.#sessions.removeItem(SESSION_KEY);
  }

  /** Forgets all that was kept of whoever was signed in, but for the devices that this browser has been. */
  forgetEverything(): void {
    for (const storage of [this.#sessions, this.#browser]) {
      for (const key of keysOf(storage, PREFIX))
        if (key !== DEVICES_KEY && key !== PREFERENCES_KEY) storage.removeItem(key);
    }
  }

  /** The devices that this browser has been. */
  devices(): readonly DeviceRecord[] {
    const value = readJson(this.#browser, DEVICES_KEY);
    return Array.isArray(value) ? value.filter(isDeviceRecord) : [];
  }

  /** Remembers a device. Another tab may write at the same moment; the loss of a record costs only its reuse. */
  addDevice(record: DeviceRecord): void {
    writeJson(this.#browser, DEVICES_KEY, withRecord(this.devices(), record));
  }

  removeDevice(deviceId: DeviceId): void {
    const rest = withoutRecord(this.devices(), deviceId);
    if (rest.length === 0) this.#browser.removeItem(DEVICES_KEY);
    else writeJson(this.#browser, DEVICES_KEY, rest);
  }
}

function isTabSession(value: unknown): value is TabSession {
  return hasFields(value, { token: "string", userId: "string", deviceId: "string", expiresAtMs: "number" });
}

function isDeviceRecord(value: unknown): value is DeviceRecord {
  return hasFields(value, { deviceId: "string", userId: "string", usedMs: "number" });
}

function hasFields(value: unknown, fields: Readonly<Record<string, "string" | "number">>): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(fields).every(
    ([name, type]) => typeof (value as Record<string, unknown>)[name] === type,
  );
}

function readJson(storage: KeyValues, key: string): unknown {
  try {
    return JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    // Written by something else.
    return undefined;
  }
}

function writeJson(storage: KeyValues, key: string, value: unknown): void {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser that stores nothing asks for the sign-in again after a reload.
  }
}
