import { type Ambient, Failure, failureCode, messageOf } from "@parley/base";
import { AddressGuard, type Resolve } from "@parley/egress";
import { lookup } from "node:dns/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { Http2Connections } from "./http2-connections.js";
import {
  type Network,
  type OutboundRequest,
  type OutboundResponse,
  REQUEST_MS_MAX,
  RESPONSE_BYTES_MAX,
} from "./network.js";

/** Connections that are kept to one host. */
const SOCKETS_MAX = 16;

export interface NodeNetworkOptions {
  readonly ambient: Ambient;
  /** Addresses and networks, not public, that guarded requests may reach. */
  readonly allowedAddresses?: readonly string[];
  /** Certificates to trust instead of those that Node brings, in PEM. */
  readonly ca?: string | undefined;
  /** How names of guarded requests are resolved. Default: as the machine does. */
  readonly resolve?: Resolve;
}

/** The real network. */
export class NodeNetwork implements Network {
  readonly #options: NodeNetworkOptions;
  readonly #guard: AddressGuard;
  readonly #guarded: Agent;
  readonly #open: Agent;
  readonly #http2: Http2Connections;
  readonly #underWay = new Set<() => void>();
  #isClosed = false;

  constructor(options: NodeNetworkOptions) {
    const resolve: Resolve = options.resolve ?? ((hostname) => lookup(hostname, { all: true }));
    const ca = options.ca === undefined ? {} : { ca: options.ca };
    this.#options = options;
    this.#guard = new AddressGuard(resolve, options.allowedAddresses);
    this.#guarded = new Agent({
      keepAlive: true,
      maxSockets: SOCKETS_MAX,
      lookup: this.#guard.lookup,
      ...ca,
    });
    this.#open = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX, ...ca });
    this.#http2 = new Http2Connections({ ambient: options.ambient, ...ca });
  }

  async post(request: OutboundRequest): Promise<OutboundResponse> {
    const url = request.isGuarded ? this.#guard.checkUrl(request.url) : new URL(request.url);
    try {
      return await this.#exchange(url, request);
    } catch (cause) {
      // The guard's word stands, however deep in the socket it was said.
      if (failureCode(cause) === "address-refused") throw cause;
      throw networkFailed(url, cause);
    }
  }

  async postOverHttp2(connection: string, request: OutboundRequest): Promise<OutboundResponse> {
    const url = request.isGuarded ? this.#guard.checkUrl(request.url) : new URL(request.url);
    try {
      return await this.#http2.post(connection, url, request);
    } catch (cause) {
      throw networkFailed(url, cause);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const end of this.#underWay) end();
    this.#guarded.destroy();
    this.#open.destroy();
    await this.#http2.close();
  }

  #exchange(url: URL, { headers, body, isGuarded }: OutboundRequest): Promise<OutboundResponse> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error("closed"));
        return;
      }
      const length = { "content-length": String(body.length) };
      const options = { method: "POST", headers: { ...headers, ...length } };
      const request =
        url.protocol === "https:"
          ? httpsRequest(url, { ...options, agent: isGuarded ? this.#guarded : this.#open })
          : httpRequest(url, { ...options, ...(isGuarded ? { lookup: this.#guard.lookup } : {}) });
      let isAnswered = false;
      const end = (): void => void request.destroy(new Error("ended"));
      const timer = this.#options.ambient.scheduler.after(REQUEST_MS_MAX, () =>
        request.destroy(new Error("timeout")),
      );
      this.#underWay.add(end);
      request.on("close", () => {
        timer.cancel();
        this.#underWay.delete(end);
        // After an answer has begun its reading says how it ends.
        if (!isAnswered) reject(new Error("closed before an answer"));
      });
      request.on("error", reject);
      request.on("response", (response) => {
        isAnswered = true;
        readResponse(response).then(resolve, reject);
      });
      request.end(body);
    });
  }
}

function networkFailed(url: URL, cause: unknown): Failure {
  return new Failure("network-failed", `${url.host} cannot be reached: ${messageOf(cause)}.`, {
    retry: "same",
    cause,
  });
}

/** Only the beginning is read: what a push service says is short, and others are not listened to. */
async function readResponse(response: IncomingMessage): Promise<OutboundResponse> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part.subarray(0, RESPONSE_BYTES_MAX - length));
    length += part.length;
    if (length >= RESPONSE_BYTES_MAX) break;
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (typeof value === "string") headers[name] = value;
  }
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(parts).toString("utf8") };
}
