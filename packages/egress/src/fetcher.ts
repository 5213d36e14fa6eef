/** Reading what links lead to, as a port: tests take the network's place, and the simulator has none. */

export interface LinkRequest {
  readonly url: string;
  /** What it may be, by the beginning of its media type, such as "text/html" or "image/". */
  readonly types: readonly string[];
}

export interface LinkAnswer {
  /** Where it was found, after redirects. */
  readonly url: string;
  /** As the server says, in lower case: "text/html; charset=utf-8". */
  readonly contentType: string;
  /** At most FETCH_BYTES_MAX, decompressed. */
  readonly bytes: Uint8Array;
  /** There was more of it. */
  readonly isCut: boolean;
}

/** Fetches by GET, without cookies, credentials or a referrer, what a link of a user leads to. */
export interface LinkFetcher {
  /**
   * Errors: "address-refused" for what the guard does not let through, also behind a redirect; "network-failed" for all else: no
   * answer in FETCH_MS_MAX, a status other than 200, a type that was not asked for, more than FETCH_REDIRECTS_MAX redirects.
   */
  fetch(request: LinkRequest): Promise<LinkAnswer>;
  /** Ends what is under way. Idempotent. */
  close(): Promise<void>;
}

/** The head of a page fits, and the picture of a preview; nobody waits for more. */
export const FETCH_BYTES_MAX = 512 * 1024;
/** From the first question for an address to the last byte, redirects included. */
export const FETCH_MS_MAX = 5_000;
export const FETCH_REDIRECTS_MAX = 4;
