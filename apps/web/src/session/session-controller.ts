/**
 * Who is signed in in this browser, as this tab sees it.
 *
 *              session found                     signIn, here or in another tab
 *   starting ─────────────────▶ signed-in ◀──────────────────────────── signed-out
 *       └── no session ──────────────────────────────────────────────────▲
 *                 signed-in ── revoked, or signOut here or in another tab ─┘
 *
 *   1. While signed in, the tab shares the Web Lock of the device; it is let go after the client has closed its store.
 *   2. Signing out deletes the store, in all tabs; being signed out by the server does not: what was not sent yet waits in it.
 */
import type { ConnectionStatus, ParleyClient } from "@parley/client";
import { createBrowserClient, login } from "@parley/client/browser";
import type { ConversationEntry, DeviceId } from "@parley/protocol";
import { KeptInputs } from "../cards/kept-inputs.js";
import { Attachments } from "../composer/attachments.js";
import { Drafts } from "../composer/drafts.js";
import { createMediaCache, type MediaCache } from "../media/media-cache.js";
import { durationOf } from "../composer/media-duration.js";
import { forgetPushes } from "../notify/web-push.js";
import { NameBook } from "../people/name-book.js";
import { createPictureCache, type PictureCache } from "../people/picture-cache.js";
import { listSessions, logout, revokeSession } from "./account-api.js";
import type { KeyValues } from "./browser-storage.js";
import { type ReleaseDevice, shareDevice, takeDevice } from "./device-lock.js";
import { deviceNameOf } from "./device-name.js";
import { candidatesOf, staleOf, storeNameOf } from "./device-records.js";
import { DrawPace, pageDrawClock } from "./draw-pace.js";
import { createPacedView, type PacedView } from "./paced-view.js";
import type { SignInMemory, TabSession } from "./sign-in-memory.js";

const DEVICE_ID_BYTES = 12;

export type SignedOutReason = "revoked" | "expired" | "store";

/** Everything of a sign-in that the app needs. */
export interface Chat {
  readonly client: ParleyClient;
  readonly session: TabSession;
  /** When what changed is drawn. */
  readonly pace: DrawPace;
  /** The list as it is shown. */
  readonly conversations: PacedView<readonly ConversationEntry[]>;
  readonly names: NameBook;
  readonly drafts: Drafts;
  /** Files of messages that are shown. */
  readonly cache: MediaCache;
  /** Pictures of people. */
  readonly pictures: PictureCache;
  /** Files that are to be sent. */
  readonly attachments: Attachments;
  /** What was put into the inputs of cards. */
  readonly cardInputs: KeptInputs;
}

export interface SessionControllerOptions {
  readonly memory: SignInMemory;
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
  #isOpening = false;

  constructor(options: SessionControllerOptions) {
    this.#options = options;
    this.#memory = options.memory;
  }

  readonly current = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Takes up the session of this browser, if it has one. Never rejects. */
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
    else await this.#open(session);
  }

  /** Another tab has stored something: a draft, or it has signed in. */
  async follow(): Promise<void> {
    if (this.#state.kind === "signed-in") this.#state.chat.drafts.refresh();
    if (this.#state.kind !== "signed-out" || this.#isOpening) return;
    const session = this.#memory.findSession();
    if (session === undefined) return;
    this.#become({ kind: "starting" });
    await this.begin();
  }

  /** Signs in. Errors: those of `login`. */
  async signIn(user: string, password: string): Promise<void> {
    const { deviceId, release, isNew } = await takeAnyDevice(this.#memory, user);
    try {
      const device = deviceNameOf(navigator.userAgent);
      const session = await login(location.origin, { user, password, device, deviceId });
      this.#memory.keepSession(session);
      if (!isNew) await endOlderSessions(session);
      // From here on it is shared: other tabs take it up as well.
      release();
      await this.#open(session);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Signs out in all tabs and deletes what this device stored. Twice is safe. */
  async signOut(): Promise<void> {
    if (this.#state.kind !== "signed-in") return;
    const { client, session } = this.#state.chat;
    this.#become({ kind: "signed-out" });
    this.#memory.forgetSession(session);
    try {
      await client.wipe();
      this.#memory.removeDevice(session.deviceId);
    } catch (error) {
      // Its record stays, so a later start deletes it.
      consoleLogger.warn("the store is not deleted yet", { reason: String(error) });
    }
    this.#memory.forgetEverything();
    this.#letGo();
    // Without a server the session stays in the list, where another device can end it.
    await Promise.all([logout(session.token).catch(() => undefined), forgetPushes()]);
  }

  async #open(session: TabSession): Promise<void> {
    this.#isOpening = true;
    try {
      await this.#openClient(session);
    } finally {
      this.#isOpening = false;
    }
  }

  async #openClient(session: TabSession): Promise<void> {
    this.#release = await shareDevice(session.deviceId);
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
    client.on("wiped", () => this.#onWiped(client));
    try {
      await client.start();
    } catch (error) {
      consoleLogger.error("the store cannot be opened", { reason: String(error) });
      this.#end(session, "store");
      return;
    }
    const { browserStorage } = this.#options;
    const names = new NameBook(client, browserStorage);
    const drafts = new Drafts(browserStorage, userId);
    const files = filesOf(client, drafts);
    const pictures = picturesOf(client);
    this.#become({
      kind: "signed-in",
      chat: {
        client,
        session,
        names,
        pictures,
        drafts,
        cardInputs: new KeptInputs(),
        ...drawingOf(client),
        ...files,
      },
    });
  }

  #onConnection(client: ParleyClient, session: TabSession, { state }: ConnectionStatus): void {
    if (state !== "signed-out") return;
    client
      .stop()
      .catch((error: unknown) => consoleLogger.error("client not stopped", { reason: String(error) }))
      .finally(() => this.#end(session, Date.now() >= session.expiresAtMs ? "expired" : "revoked"))
      .catch(() => undefined);
  }

  /** Somebody signed out in another tab, which deletes and forgets what there is. */
  #onWiped(client: ParleyClient): void {
    if (this.#state.kind !== "signed-in" || this.#state.chat.client !== client) return;
    this.#letGo();
    this.#become({ kind: "signed-out" });
    // What this tab may have kept since the other one forgot everything.
    if (this.#memory.findSession() === undefined) this.#memory.forgetEverything();
  }

  #end(session: TabSession, reason: SignedOutReason): void {
    this.#memory.forgetSession(session);
    this.#letGo();
    this.#become({ kind: "signed-out", reason, user: session.userId });
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }

  #become(state: SessionState): void {
    if (this.#state.kind === "signed-in") {
      this.#state.chat.attachments.close();
      this.#state.chat.cache.close();
      this.#state.chat.pictures.close();
    }
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function drawingOf(client: ParleyClient): Pick<Chat, "pace" | "conversations"> {
  const pace = new DrawPace(pageDrawClock());
  const conversations = createPacedView({
    pace,
    read: () => client.conversations(),
    listen: (onChange) => client.on("conversations", onChange),
  });
  return { pace, conversations };
}

/** What the page holds of files; what failed for want of a connection is tried again with the next one. */
function filesOf(client: ParleyClient, drafts: Drafts): Pick<Chat, "cache" | "attachments"> {
  const cache = createMediaCache((source, options) => client.fetchMedia(source, options));
  const attachments = new Attachments({
    client,
    drafts,
    media: cache,
    createUrl: (file) => URL.createObjectURL(file),
    revokeUrl: (url) => URL.revokeObjectURL(url),
    durationOf,
  });
  client.on("connection", ({ state }) => {
    if (state !== "live") return;
    cache.retryUnavailable();
    attachments.retryUnavailable();
  });
  return { cache, attachments };
}

/** As the files. */
function picturesOf(client: ParleyClient): PictureCache {
  const pictures = createPictureCache((userId) => client.fetchPicture(userId));
  client.on("connection", ({ state }) => {
    if (state === "live") pictures.retryFailed();
  });
  return pictures;
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
): Promise<{ readonly deviceId: DeviceId; readonly release: ReleaseDevice; readonly isNew: boolean }> {
  for (const { deviceId } of candidatesOf(memory.devices(), user)) {
    const release = await takeDevice(deviceId);
    if (release !== undefined) return { deviceId, release, isNew: false };
  }
  const deviceId = newDeviceId();
  const release = await takeDevice(deviceId);
  return { deviceId, release: release ?? (() => undefined), isNew: true };
}

/** Tabs that were closed left their session on the server; who takes up their device ends it. */
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
    const release = await takeDevice(record.deviceId);
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
