/** What a tab and its browser remember of sign-ins: the tab its own session, the browser its devices. */
import type { DeviceId, UserId } from "@parley/protocol";
import type { KeyValues } from "./browser-storage.js";
import { type DeviceRecord, withoutRecord, withRecord } from "./device-records.js";

/** The sign-in of this tab. It outlives a reload and ends with the tab. */
export interface TabSession {
  readonly token: string;
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly expiresAtMs: number;
}

const SESSION_KEY = "parley.session";
const DEVICES_KEY = "parley.devices";

export class SignInMemory {
  readonly #tab: KeyValues;
  readonly #browser: KeyValues;

  constructor(tab: KeyValues, browser: KeyValues) {
    this.#tab = tab;
    this.#browser = browser;
  }

  /** Finds the session of this tab; of a duplicated tab also, which shares it with its original. */
  findSession(): TabSession | undefined {
    const value = readJson(this.#tab, SESSION_KEY);
    return isTabSession(value) ? value : undefined;
  }

  keepSession(session: TabSession): void {
    writeJson(this.#tab, SESSION_KEY, session);
  }

  /** Forgets the session of this tab; what was begun to be written stays for the next. */
  forgetSession(): void {
    this.#tab.removeItem(SESSION_KEY);
  }

  /** Forgets everything of this tab, drafts too. */
  forgetTab(): void {
    this.#tab.clear();
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
    writeJson(this.#browser, DEVICES_KEY, withoutRecord(this.devices(), deviceId));
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
