/** Which pages may talk to this server. */
import type { IncomingMessage } from "node:http";

/**
 * Whether a request comes from a page of this same host, from one of `origins`, or from no page at all: so no foreign page
 * can use a signed-in browser.
 */
export function isAllowedOrigin(request: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || origins.includes(origin)) return true;
  try {
    return new URL(origin).host === host;
  } catch {
    // A malformed origin is not this one.
    return false;
  }
}
