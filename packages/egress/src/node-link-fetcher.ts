/**
 * Reads links over the real network. Each host is resolved once, its addresses are checked, and the connection goes to what was
 * checked; so does each redirect.
 */
import { Failure, failureCode, messageOf, type Scheduler } from "@parley/base";
import type { LookupAddress } from "node:dns";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { AddressGuard, type Resolve } from "./address-guard.js";
import {
  FETCH_MS_MAX,
  FETCH_REDIRECTS_MAX,
  type LinkAnswer,
  type LinkFetcher,
  type LinkRequest,
} from "./fetcher.js";
import { readBody } from "./read-body.js";
import { resolveOverNetwork } from "./resolve-over-network.js";

const HEADERS = {
  "user-agent": "Parley link preview",
  accept: "text/html, image/*;q=0.8",
  "accept-encoding": "gzip, br",
  "accept-language": "*",
} as const;
/** Beyond it an answer is not read at all. */
const HEADER_BYTES_MAX = 16 * 1024;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface NodeLinkFetcherOptions {
  readonly scheduler: Scheduler;
  /** Addresses and networks, not public, that links may lead to. */
  readonly allowedAddresses?: readonly string[];
  /** Certificates to trust instead of those that Node trusts, in PEM. */
  readonly ca?: string;
  /** How names are resolved. Default: by the machine's name servers, and not by its own file of hosts. */
  readonly resolve?: Resolve;
}

export class NodeLinkFetcher implements LinkFetcher {
  readonly #scheduler: Scheduler;
  readonly #guard: AddressGuard;
  readonly #ca: Pick<NodeLinkFetcherOptions, "ca">;
  readonly #underWay = new Set<AbortController>();
  #isClosed = false;

  constructor({ scheduler, allowedAddresses, ca, resolve }: NodeLinkFetcherOptions) {
    this.#scheduler = scheduler;
    this.#ca = ca === undefined ? {} : { ca };
    this.#guard = new AddressGuard(resolve ?? resolveOverNetwork(), allowedAddresses);
  }

  async fetch(request: LinkRequest): Promise<LinkAnswer> {
    const ending = new AbortController();
    if (this.#isClosed) ending.abort(new Error("closed"));
    this.#underWay.add(ending);
    const timer = this.#scheduler.after(FETCH_MS_MAX, () => ending.abort(new Error("timeout")));
    try {
      return await this.#follow(request, ending.signal);
    } catch (cause) {
      if (failureCode(cause) === "address-refused") throw cause;
      throw new Failure("network-failed", `The link cannot be read: ${messageOf(cause)}.`, { cause });
    } finally {
      timer.cancel();
      this.#underWay.delete(ending);
      // Whatever is still open of it.
      ending.abort(new Error("ended"));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const ending of this.#underWay) ending.abort(new Error("closed"));
  }

  async #follow({ url: first, types }: LinkRequest, signal: AbortSignal): Promise<LinkAnswer> {
    let link = first;
    for (let redirects = 0; redirects <= FETCH_REDIRECTS_MAX; redirects++) {
      const url = this.#guard.checkLink(link);
      const addresses = await withinSignal(this.#guard.addressesOf(url), signal);
      const response = await ask(url, { addresses, signal, ...this.#ca });
      const { statusCode = 0, headers } = response;
      if (REDIRECTS.has(statusCode) && headers.location !== undefined) {
        response.destroy();
        link = redirected(headers.location, url);
        continue;
      }
      const contentType = (headers["content-type"] ?? "").toLowerCase();
      if (statusCode !== 200 || !types.some((type) => contentType.startsWith(type))) {
        response.destroy();
        throw new Error("not what was asked for");
      }
      const body = await readBody(response, headers["content-encoding"]);
      return { url: url.href, contentType, ...body };
    }
    throw new Error("too many redirects");
  }
}

function redirected(location: string, from: URL): string {
  if (!URL.canParse(location, from.href)) throw new Error("a redirect to nowhere");
  return new URL(location, from).href;
}

/** The beginning of the answer. The signal ends all of it, the body too. */
function ask(
  url: URL,
  {
    addresses,
    ...more
  }: { readonly addresses: readonly LookupAddress[]; readonly signal: AbortSignal; readonly ca?: string },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {
      method: "GET",
      headers: HEADERS,
      // A connection of its own: none is kept on which another link would be asked.
      agent: false,
      lookup: checked(addresses),
      maxHeaderSize: HEADER_BYTES_MAX,
      ...more,
    } as const;
    const request = url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
    request.on("response", (response) => {
      // What ends while nobody reads it has been said already.
      response.on("error", () => undefined);
      resolve(response);
    });
    // Also after the answer has begun, when its reading says how it ends.
    request.on("error", reject);
    request.end();
  });
}

/** Answers with what was checked, whatever a second question would say. */
function checked(addresses: readonly LookupAddress[]): LookupFunction {
  return (_hostname, { all }, answer) => {
    if (all === true) answer(null, [...addresses]);
    else answer(null, addresses[0]!.address, addresses[0]!.family);
  };
}

/** What a promise comes to, unless the signal comes first: a resolver cannot be stopped. */
function withinSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
    promise.then(resolve, reject);
  });
}
