/** The network as channels see it, so that tests and the simulator can take its place. */

export interface OutboundRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The address was named by a user or a tenant: it has to be public, unless the operator allows others. */
  readonly isGuarded: boolean;
}

export interface OutboundResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The beginning of it: at most RESPONSE_BYTES_MAX. */
  readonly body: string;
}

/** Sends by POST. A redirect is an answer like any other and is not followed. */
export interface Network {
  /** HTTP/1.1. Errors: "address-refused" for one that is not public; "network-failed", also after REQUEST_MS_MAX. */
  post(request: OutboundRequest): Promise<OutboundResponse>;
  /** HTTP/2, over one connection per `connection` name, which is kept. Errors: as `post`. */
  postOverHttp2(connection: string, request: OutboundRequest): Promise<OutboundResponse>;
  /** Ends what is under way. Idempotent. */
  close(): Promise<void>;
}

/** What a push service says fits easily. */
export const RESPONSE_BYTES_MAX = 16 * 1024;
/** A push service that takes longer is down. */
export const REQUEST_MS_MAX = 15_000;

/** What `Retry-After` asks for, in milliseconds; 0 when it is missing or unreadable. Shape: seconds, or an HTTP date. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, nowMs: number): number {
  const text = headers["retry-after"];
  if (text === undefined) return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}
