/**
 * Who is signed in in this tab.
 *
 *              session found, device taken
 *   starting ─────────────────────────────▶ signed-in ◀── signIn ── signed-out
 *       └── no session, or a duplicated tab ─────────────────────────▲
 *                                  signed-in ── revoked, signOut ────┘
 *
 *   1. While signed in, the Web Lock of the device is held; it is let go after the client has closed its store.
 *   2. Signing out deletes the store; being signed out by the server does not: what was not sent yet waits in it.
 */
import type { ConnectionStatus, ParleyClient } from "@parley/client";
import { createBrowserClient, login } from "@parley/client/browser";
import type { DeviceId } from "@parley/protocol";
import { Drafts } from "../composer/drafts.js";
import { NameBook } from "../people/name-book.js";
import { listSessions, logout, revokeSession } from "./account-api.js";
import type { KeyValues } from "./browser-storage.js";
import { type ReleaseDevice, takeDevice } from "./device-lock.js";
import { deviceNameOf } from "./device-name.js";
import { candidatesOf, staleOf, storeNameOf } from "./device-records.js";
import type { SignInMemory, TabSession } from "./sign-in-memory.js";

const DEVICE_ID_BYTES = 12;

export type SignedOutReason = "revoked" | "expired" | "duplicated" | "store";

/** Everything of a sign-in that the app needs. */
export interface Chat {
  readonly client: ParleyClient;
  readonly session: TabSession;
  readonly names: NameBook;
  readonly drafts: Drafts;
}

export interface SessionControllerOptions {
  readonly memory: SignInMemory;
  /** Lives as long as the tab. */
  readonly tabStorage: KeyValues;
  /** Outlives the tab. */
  readonly browserStorage: KeyValues;
}

export type SessionState =
  | { readonly kind: "starting" }
  | { readonly kind: "signed-out"; readonly reason?: SignedOutReason; readonly user?: string }
  | { readonly kind: "signed-in"; readonly chat: Chat };

/** The session as a store for `useSyncExternalStore`. */
export class SessionController {
  readonly #options: SessionControllerOptions;
  readonly #memory: SignInMemory;
  readonly #listeners = new Set<() => void>();
  #state: SessionState = { kind: "starting" };
  #release: ReleaseDevice | undefined;

  constructor(options: SessionControllerOptions) {
    this.#options = options;
    this.#memory = options.memory;
  }

  readonly current = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Takes up the session of this tab, if it has one that no other tab uses. Never rejects. */
  async begin(): Promise<void> {
    try {
      await this.#begin();
      await deleteStaleStores(this.#memory);
    } catch (error) {
      consoleLogger.error("the session cannot be taken up", { reason: String(error) });
      if (this.#state.kind === "starting") this.#become({ kind: "signed-out", reason: "store" });
    }
  }

  async #begin(): Promise<void> {
    const session = this.#memory.findSession();
    if (session === undefined) this.#become({ kind: "signed-out" });
    else {
      const release = await takeDevice(session.deviceId);
      if (release === undefined) this.#end(session, "duplicated");
      else await this.#open(session, release);
    }
  }

  /** Signs in. Errors: those of `login`. */
  async signIn(user: string, password: string): Promise<void> {
    const { deviceId, release } = await takeAnyDevice(this.#memory, user);
    try {
      const device = deviceNameOf(navigator.userAgent);
      const session = await login(location.origin, { user, password, device, deviceId });
      this.#memory.keepSession(session);
      await endOlderSessions(session);
      await this.#open(session, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Signs out here and deletes what this device stored. Twice is safe. */
  async signOut(): Promise<void> {
    if (this.#state.kind !== "signed-in") return;
    const { client, session } = this.#state.chat;
    this.#become({ kind: "signed-out" });
    this.#memory.forgetTab();
    // Without a server the session stays in the list, where another device can end it.
    await logout(session.token).catch(() => undefined);
    await client.stop();
    await deleteStore(storeNameOf(session));
    this.#memory.removeDevice(session.deviceId);
    this.#letGo();
  }

  async #open(session: TabSession, release: ReleaseDevice): Promise<void> {
    this.#release = release;
    const { token, userId, deviceId } = session;
    this.#memory.addDevice({ userId, deviceId, usedMs: Date.now() });
    const client = createBrowserClient({
      url: location.origin,
      token,
      userId,
      deviceId,
      clientName: "parley-web/0.1.0",
      storeName: storeNameOf(session),
      logger: consoleLogger,
    });
    client.on("connection", (status) => this.#onConnection(client, session, status));
    try {
      await client.start();
    } catch (error) {
      consoleLogger.error("the store cannot be opened", { reason: String(error) });
      this.#end(session, "store");
      return;
    }
    const { tabStorage, browserStorage } = this.#options;
    const names = new NameBook(client, browserStorage);
    const drafts = new Drafts(tabStorage, userId);
    this.#become({ kind: "signed-in", chat: { client, session, names, drafts } });
  }

  #onConnection(client: ParleyClient, session: TabSession, { state }: ConnectionStatus): void {
    if (state !== "signed-out") return;
    client
      .stop()
      .catch((error: unknown) => consoleLogger.error("client not stopped", { reason: String(error) }))
      .finally(() => this.#end(session, Date.now() >= session.expiresAtMs ? "expired" : "revoked"))
      .catch(() => undefined);
  }

  #end(session: TabSession, reason: SignedOutReason): void {
    this.#memory.forgetSession();
    this.#letGo();
    this.#become({ kind: "signed-out", reason, user: session.userId });
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }

  #become(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

const consoleLogger = {
  info: () => undefined,
  warn: (event: string, fields?: object) => console.debug("parley:", event, fields ?? ""),
  error: (event: string, fields?: object) => console.warn("parley:", event, fields ?? ""),
};

/** A device of this user that no tab is now, or a new one. */
async function takeAnyDevice(
  memory: SignInMemory,
  user: string,
): Promise<{ readonly deviceId: DeviceId; readonly release: ReleaseDevice }> {
  for (const { deviceId } of candidatesOf(memory.devices(), user)) {
    const release = await takeDevice(deviceId, { waitMs: 0 });
    if (release !== undefined) return { deviceId, release };
  }
  const deviceId = newDeviceId();
  const release = await takeDevice(deviceId, { waitMs: 0 });
  return { deviceId, release: release ?? (() => undefined) };
}

/** A tab that was closed left its session on the server; who takes up its device ends it. */
async function endOlderSessions({ token, deviceId }: TabSession): Promise<void> {
  try {
    for (const session of await listSessions(token)) {
      if (session.deviceId === deviceId && !session.isCurrent) await revokeSession(token, session.sessionId);
    }
  } catch (error) {
    // They stay in the list of devices, where they can be ended by hand.
    consoleLogger.warn("older sessions not ended", { reason: String(error) });
  }
}

async function deleteStaleStores(memory: SignInMemory): Promise<void> {
  for (const record of staleOf(memory.devices(), Date.now())) {
    const release = await takeDevice(record.deviceId, { waitMs: 0 });
    if (release === undefined) continue;
    await deleteStore(storeNameOf(record));
    memory.removeDevice(record.deviceId);
    release();
  }
}

/** Resolves also when the browser refuses: what is left is deleted at a later start. */
function deleteStore(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    const end = (): void => resolve();
    request.addEventListener("success", end);
    request.addEventListener("error", end);
    request.addEventListener("blocked", end);
  });
}

function newDeviceId(): DeviceId {
  const bytes = crypto.getRandomValues(new Uint8Array(DEVICE_ID_BYTES));
  return `w-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}` as DeviceId;
}
