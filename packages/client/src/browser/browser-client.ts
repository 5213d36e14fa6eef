/**
 * Clients for browsers: IndexedDB for the store, the browser's WebSocket for the network.
 *
 * A store belongs to one tab at a time: the application takes a Web Lock of the store's name before it starts a client.
 */
import type { Logger } from "@parley/base";
import type { UserId } from "@parley/protocol";
import type { ParleyClient } from "../common/api.js";
import { createClient } from "../common/client.js";
import { type Login, type LoginRequest, loginWith, type PostJson, webSocketUrl } from "../common/login.js";
import { browserAmbient } from "./ambient.js";
import { createIndexedDbStore } from "./indexed-db-store.js";
import { createBrowserTransport } from "./web-socket-transport.js";

const LOGIN_TIMEOUT_MS = 15_000;

export interface BrowserClientOptions {
  /** The server, such as `https://chat.example.org`. */
  readonly url: string;
  readonly token: string;
  readonly userId: UserId;
  readonly deviceId?: string;
  readonly clientName?: string;
  /** The database; by default one per user. */
  readonly storeName?: string;
  readonly logger?: Logger;
}

/** A client that has not started yet. It comes back at once when the browser has a network again. */
export function createBrowserClient(options: BrowserClientOptions): ParleyClient {
  const { storeName, logger, url, ...rest } = options;
  const client = createClient({
    ...rest,
    url: webSocketUrl(url),
    store: createIndexedDbStore(storeName ?? `parley/${options.userId}`),
    transport: createBrowserTransport(),
    ambient: browserAmbient(logger),
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

async function postJson(url: string, body: string): ReturnType<PostJson> {
  const headers = { "content-type": "application/json" };
  const signal = AbortSignal.timeout(LOGIN_TIMEOUT_MS);
  const response = await fetch(url, { method: "POST", headers, body, signal });
  return { status: response.status, text: await response.text() };
}
