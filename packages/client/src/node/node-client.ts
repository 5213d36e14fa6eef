/** Clients for Node: the machine's clocks, a file or memory for the store, `ws` for the network, or HTTP where WebSockets are blocked. */
import type { Ambient, Logger } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { DeviceKind, UserId } from "@parley/protocol";
import type { ParleyClient } from "../common/api.js";
import { createClient } from "../common/create-client.js";
import { fallbackTransport } from "../common/fallback-transport.js";
import { httpOver } from "../common/http.js";
import { type Login, type LoginRequest, loginWith, type PostJson, webSocketUrl } from "../common/login.js";
import { createMemoryStore } from "../common/memory-store.js";
import { createStreamTransport } from "../common/stream-transport.js";
import { createFileStore } from "./file-store.js";
import { nodeInflate } from "./inflate.js";
import { nodeStreamWorld } from "./stream-world.js";
import { createNodeTransport } from "./web-socket-transport.js";

const LOGIN_TIMEOUT_MS = 15_000;

/** What a client in Node needs. */
export interface NodeClientOptions {
  /** The server, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly token: string;
  readonly userId: UserId;
  readonly deviceId?: string;
  readonly clientName?: string;
  /** What the device is, for modules that publish to some kinds only. */
  readonly deviceKind?: DeviceKind;
  /** The store's file; without it the client forgets everything when it ends. */
  readonly storePath?: string;
  readonly logger?: Logger;
  /** For tests; the machine's own by default. */
  readonly ambient?: Ambient;
}

/** A client that has not started yet. */
export function createNodeClient(options: NodeClientOptions): ParleyClient {
  const { storePath, logger, url, ...rest } = options;
  const ambient = options.ambient ?? systemAmbient(logger);
  return createClient({
    ...rest,
    url: webSocketUrl(url),
    store: storePath === undefined ? createMemoryStore() : createFileStore({ path: storePath }),
    transport: fallbackTransport({
      webSocket: createNodeTransport(),
      stream: createStreamTransport(nodeStreamWorld, ambient),
      ambient,
    }),
    inflate: nodeInflate,
    http: fetchHttp,
    ambient,
  });
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

const fetchHttp = httpOver({
  fetch: (url, init) => fetch(url, init as RequestInit),
  newAbort: () => new AbortController(),
});
