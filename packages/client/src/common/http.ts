/** HTTP beside the connection, for files. The world brings its `fetch`. */
import type { Failure } from "@parley/base";
import { problemOf } from "./problem.js";

/** What is asked of a server. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  /** A header by its name in small letters; null when there is none. */
  header(name: string): string | null;
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
}

/** A request on its way. */
export interface HttpCall {
  /** Rejects when there was no answer. */
  readonly answer: Promise<HttpAnswer>;
  /** Ends it; the answer then rejects. Twice is as once. */
  cancel(): void;
}

/** HTTP: begins a request. */
export type Http = (request: HttpRequest) => HttpCall;

/** What is needed of `fetch`, and of what ends it. */
export interface FetchWorld {
  readonly fetch: (
    url: string,
    init: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
      readonly signal: unknown;
    },
  ) => Promise<{
    readonly status: number;
    readonly headers: { get(name: string): string | null };
    arrayBuffer(): Promise<ArrayBuffer>;
    text(): Promise<string>;
  }>;
  readonly newAbort: () => { readonly signal: unknown; abort(): void };
}

/** HTTP over a `fetch`. */
export function httpOver({ fetch, newAbort }: FetchWorld): Http {
  return ({ method, url, headers, body }) => {
    const abort = newAbort();
    const init = { method, headers, signal: abort.signal, ...(body === undefined ? {} : { body }) };
    const answer = fetch(url, init).then((response) => ({
      status: response.status,
      header: (name: string) => response.headers.get(name),
      bytes: async () => new Uint8Array(await response.arrayBuffer()),
      text: () => response.text(),
    }));
    return { answer, cancel: () => abort.abort() };
  };
}

/** The failure that an answer tells. Errors: none, it is what it gives. */
export async function failureOf(answer: HttpAnswer): Promise<Failure> {
  const text = await answer.text().catch(() => "");
  return problemOf(answer.status, text, "The request");
}

/** The address that HTTP requests begin with, from that of the WebSocket. */
export function httpUrl(webSocketUrl: string): string {
  return webSocketUrl.replace(/^ws/, "http").replace(/\/v1\/ws$/, "");
}
