/**
 * The app's own files, held in the browser so that the app starts without a network.
 *
 *   1. A version is held whole or not at all: each file is compared with its digest, so a deployment that is half done is refused.
 *   2. The page is that of the newest version held. Names of scripts and styles carry a hash of their content, so a page that is
 *      still open finds the files of its own version, and never those of another.
 *   3. Nothing else is held: no answer of the API, no file of a message, nothing of another origin.
 */

/** The files of a version by path, the page under "/", each with the SHA-256 of its content, in hex. */
export interface Shell {
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

export interface ShellWorld {
  readonly origin: string;
  readonly caches: Pick<CacheStorage, "open" | "keys" | "delete">;
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
}

const PREFIX = "parley-shell-";
const PAGE = "/";
const HASHED = "/assets/";
/** Besides the newest version, for pages that are still open. */
const OLD_VERSIONS_MAX = 1;

export class ShellCache {
  readonly #shell: Shell;
  readonly #world: ShellWorld;

  constructor(shell: Shell, world: ShellWorld) {
    this.#shell = shell;
    this.#world = world;
  }

  /**
   * Fetches what of the version is not held yet. Twice is safe.
   * Errors: those of the network; a file that is not there or is of another version. Then nothing of it is held.
   */
  async install(): Promise<void> {
    const { caches } = this.#world;
    const older = await this.#olderCaches();
    const cache = await caches.open(this.#name);
    try {
      const files = Object.entries(this.#shell.files);
      await Promise.all(
        files.map(async ([path, digest]) => cache.put(path, await this.#obtain(path, digest, older))),
      );
    } catch (error) {
      await caches.delete(this.#name);
      throw error;
    }
  }

  /** Deletes the versions that no page should be of any more. */
  async tidy(): Promise<void> {
    const older = await this.#olderNames();
    for (const name of older.slice(OLD_VERSIONS_MAX)) await this.#world.caches.delete(name);
  }

  /** The path under which a request may be held; undefined for all that is none of the app's files. */
  pathOf({ method, url }: Pick<Request, "method" | "url">): string | undefined {
    const { origin, pathname } = new URL(url);
    if (method !== "GET" || origin !== this.#world.origin) return undefined;
    const path = pathname === "/index.html" ? PAGE : pathname;
    return path.startsWith(HASHED) || Object.hasOwn(this.#shell.files, path) ? path : undefined;
  }

  /** Finds a file in the newest version, or, if its name says which version it is of, in an older one. */
  async find(path: string): Promise<Response | undefined> {
    const own = await (await this.#world.caches.open(this.#name)).match(path, { ignoreVary: true });
    if (own !== undefined || !path.startsWith(HASHED)) return own;
    return findIn(await this.#olderCaches(), path);
  }

  /** Takes the page's headers anew, the content security policy above all, as long as it is the page of this version. */
  async renewPage(): Promise<void> {
    const response = await this.#world.fetch(PAGE, { cache: "no-cache" });
    if (!response.ok || (await digestOf(response)) !== this.#shell.files[PAGE]) return;
    await (await this.#world.caches.open(this.#name)).put(PAGE, response);
  }

  get #name(): string {
    return `${PREFIX}${this.#shell.version}`;
  }

  async #obtain(path: string, digest: string, older: readonly Cache[]): Promise<Response> {
    const held = await findIn(older, path);
    if (held !== undefined && (await digestOf(held)) === digest) return held;
    const response = await this.#world.fetch(path, { cache: "no-cache" });
    if (!response.ok) throw new Error(`${path} cannot be fetched: ${response.status}.`);
    if ((await digestOf(response)) !== digest) throw new Error(`${path} is of another version.`);
    return response;
  }

  async #olderCaches(): Promise<readonly Cache[]> {
    return Promise.all((await this.#olderNames()).map((name) => this.#world.caches.open(name)));
  }

  /** The newest first: a browser lists caches in the order in which they were made. */
  async #olderNames(): Promise<readonly string[]> {
    const names = await this.#world.caches.keys();
    return names.filter((name) => name.startsWith(PREFIX) && name !== this.#name).toReversed();
  }
}

async function findIn(caches: readonly Cache[], path: string): Promise<Response | undefined> {
  for (const cache of caches) {
    const response = await cache.match(path, { ignoreVary: true });
    if (response !== undefined) return response;
  }
  return undefined;
}

async function digestOf(response: Response): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await response.clone().arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
