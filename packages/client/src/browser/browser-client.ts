/**
 * Clients for browsers: IndexedDB for the store, the browser's WebSocket for the network, or its `fetch` where WebSockets are blocked, and
 * the other tabs with the same store.
 */
import type { Ambient, Logger } from "@parley/base";
import type { DeviceKind, UserId } from "@parley/protocol";
import type { ParleyClient } from "../common/api.js";
import { clientWith } from "../common/client.js";
import type { ClientOptions } from "../common/client-options.js";
import { fallbackTransport } from "../common/fallback-transport.js";
import { httpOver } from "../common/http.js";
import { lateTransport } from "../common/late-transport.js";
import { type Login, type LoginRequest, loginWith, type PostJson, webSocketUrl } from "../common/login.js";
import type { Transport } from "../common/transport.js";
import { browserAmbient } from "./ambient.js";
import { createBrowserTabs } from "./browser-tabs.js";
import { type FetchedCode, fetchedCode } from "./fetched-code.js";
import { createIndexedDbStore } from "./indexed-db-store.js";
import { browserInflate } from "./inflate.js";
import { browserStreamHint } from "./stream-hint.js";
import { createBrowserTransport } from "./web-socket-transport.js";

const LOGIN_TIMEOUT_MS = 15_000;
const STORAGE_SHARE = 0.2;
const STORAGE_BYTES_MAX = 512 * 1024 * 1024;

/** What a client in a browser needs. */
export interface BrowserClientOptions {
  /** The server, such as `https://chat.example.org`. */
  readonly url: string;
  readonly token: string;
  readonly userId: UserId;
  readonly deviceId?: string;
  readonly clientName?: string;
  /** What the device is, for modules that publish to some kinds only; "web" by default. */
  readonly deviceKind?: DeviceKind;
  /**
   * The database; by default one per user. Tabs with the same one are one device, with one token, and share a connection. Where the
   * browser has no Web Locks (a page that was not served securely) each tab needs another one.
   */
  readonly storeName?: string;
  /** How many bytes of messages the database may hold; by default a fifth of what the browser grants, at most 512 MiB. */
  readonly storageBytesMax?: number;
  readonly logger?: Logger;
}

/**
 * A client that has not started yet. It comes back at once when the browser has a network again. A part of its code is fetched when it is
 * needed, and all of it once it is live: what needs a part that cannot be fetched fails with "unavailable" and may be tried again.
 */
export function createBrowserClient(options: BrowserClientOptions): ParleyClient {
  const { storeName = `parley/${options.userId}`, storageBytesMax, logger, url, ...rest } = options;
  const tabs = createBrowserTabs(storeName);
  const ambient = browserAmbient(logger);
  const inflate = browserInflate();
  const code = fetchedCode(ambient);
  const own: ClientOptions = {
    deviceKind: "web",
    ...rest,
    url: webSocketUrl(url),
    store: createIndexedDbStore(storeName),
    transport: fallbackTransport({
      webSocket: createBrowserTransport(),
      stream: lateTransport(() => streamTransport(code, ambient), ambient.logger),
      ambient,
      hint: browserStreamHint(url),
    }),
    http: fetchHttp,
    ambient,
    // Another tab, which is seen, may show what this one stores.
    hasLateTimers: () => document.visibilityState === "hidden",
    ...(inflate === undefined ? {} : { inflate }),
    ...(tabs === undefined ? {} : { tabs }),
    storageBudget: async () => storageBytesMax ?? grantedBytes(),
  };
  const client = clientWith(own, code);
  const onOnline = (): void => client.connectNow();
  client.on("connection", ({ state }) => {
    if (state === "waiting") addEventListener("online", onOnline);
    else removeEventListener("online", onOnline);
    if (state === "live") code.fetchAll();
  });
  return client;
}

async function streamTransport(code: FetchedCode, ambient: Ambient): Promise<Transport> {
  const { browserStreamWorld, createStreamTransport } = await code.streams();
  return createStreamTransport(browserStreamWorld, ambient);
}

/** Signs in. Errors: those of the server, such as "invalid-credentials"; "unavailable" when it cannot be reached. */
export function login(baseUrl: string, request: LoginRequest): Promise<Login> {
  return loginWith(postJson, baseUrl, request);
}

async function grantedBytes(): Promise<number> {
  const storage = (navigator as { readonly storage?: StorageManager }).storage;
  const { quota } = (await storage?.estimate().catch(() => undefined)) ?? {};
  return Math.min(STORAGE_BYTES_MAX, (quota ?? Number.POSITIVE_INFINITY) * STORAGE_SHARE);
}

async function postJson(url: string, body: string): ReturnType<PostJson> {
  const headers = { "content-type": "application/json" };
  const signal = AbortSignal.timeout(LOGIN_TIMEOUT_MS);
  const response = await fetch(url, { method: "POST", headers, body, signal });
  return { status: response.status, text: await response.text() };
}

const fetchHttp = httpOver({
  fetch: (url, init) => fetch(url, init as RequestInit),
  newAbort: () => new AbortController(),
});
