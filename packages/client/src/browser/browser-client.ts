/**
 * Clients for browsers: IndexedDB for the store, the browser's WebSocket for the network, or its `fetch` where WebSockets are blocked, and
 * the other tabs with the same store.
 */
import type { Logger } from "@parley/base";
import type { DeviceKind, UserId } from "@parley/protocol";
import type { ParleyClient } from "../common/api.js";
import { createClient } from "../common/client.js";
import { fallbackTransport } from "../common/fallback-transport.js";
import { httpOver } from "../common/http.js";
import { type Login, type LoginRequest, loginWith, type PostJson, webSocketUrl } from "../common/login.js";
import { createStreamTransport } from "../common/stream-transport.js";
import { browserAmbient } from "./ambient.js";
import { createBrowserTabs } from "./browser-tabs.js";
import { browserInflate } from "./inflate.js";
import { createIndexedDbStore } from "./indexed-db-store.js";
import { browserStreamHint, browserStreamWorld } from "./stream-world.js";
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

/** A client that has not started yet. It comes back at once when the browser has a network again. */
export function createBrowserClient(options: BrowserClientOptions): ParleyClient {
  const { storeName = `parley/${options.userId}`, storageBytesMax, logger, url, ...rest } = options;
  const tabs = createBrowserTabs(storeName);
  const ambient = browserAmbient(logger);
  const inflate = browserInflate();
  const client = createClient({
    deviceKind: "web",
    ...rest,
    url: webSocketUrl(url),
    store: createIndexedDbStore(storeName),
    transport: fallbackTransport({
      webSocket: createBrowserTransport(),
      stream: createStreamTransport(browserStreamWorld, ambient),
      ambient,
      hint: browserStreamHint(url),
    }),
    http: fetchHttp,
    ambient,
    ...(inflate === undefined ? {} : { inflate }),
    ...(tabs === undefined ? {} : { tabs }),
    storageBudget: async () => storageBytesMax ?? grantedBytes(),
  });
  const onOnline = (): void => client.connectNow();
  client.on("connection", ({ state }) => {
    if (state === "waiting") addEventListener("online", onOnline);
    else removeEventListener("online", onOnline);
  });
  return client;
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
