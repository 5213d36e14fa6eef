/**
 * Pictures of people that the page shows: fetched with the user's token, kept as object addresses, the longest unused dropped first.
 * A picture of a version never changes, so what is held is right.
 */
import type { FetchedMedia } from "@parley/client";
import type { UserId } from "@parley/protocol";
import { LoadQueue } from "../media/load-queue.js";
import { type ObjectUrls, PAGE_URLS } from "../media/object-urls.js";

/** Pictures that are kept: at most so many times PICTURE_BYTES_MAX. */
export const PICTURES_HELD_MAX = 400;
/** Pictures that are fetched at a time, and that wait for that; who is not seen any more is asked for last, or not at all. */
export const PICTURE_LOADS_MAX = 4;
export const PICTURES_WAITING_MAX = 200;
/** What a picture may be: the browser is given nothing that runs. */
const TYPES: readonly string[] = ["image/jpeg", "image/png", "image/webp"];

export interface PictureCacheOptions extends ObjectUrls {
  readonly fetch: (userId: UserId) => Promise<FetchedMedia | undefined>;
}

export class PictureCache {
  readonly #options: PictureCacheOptions;
  /** Addresses, the longest unused first. Without one: it did not come, or cannot be shown. */
  readonly #held = new Map<string, string | undefined>();
  readonly #loading = new Set<string>();
  readonly #queue = new LoadQueue<string>({
    atATime: PICTURE_LOADS_MAX,
    waitingMax: PICTURES_WAITING_MAX,
    load: (key) => this.#load(key),
  });
  readonly #listeners = new Set<() => void>();
  #isClosed = false;

  constructor(options: PictureCacheOptions) {
    this.#options = options;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The address of a picture that is held. */
  peek(userId: UserId, version: number): string | undefined {
    return version === 0 ? undefined : this.#held.get(keyOf(userId, version));
  }

  /** Fetches a picture that is not held; somebody sees it now. */
  want(userId: UserId, version: number): void {
    const key = keyOf(userId, version);
    if (this.#isClosed || version === 0 || this.#loading.has(key)) return;
    if (!this.#held.has(key)) return this.#queue.add(key);
    const url = this.#held.get(key);
    this.#held.delete(key);
    this.#held.set(key, url);
  }

  /** It is there and cannot be shown. */
  spoil(userId: UserId, version: number): void {
    this.#keep(keyOf(userId, version), undefined);
  }

  /** Asks again for what did not come. */
  retryFailed(): void {
    for (const [key, url] of this.#held) {
      if (url !== undefined) continue;
      this.#held.delete(key);
      this.#queue.add(key);
    }
  }

  /** Drops everything. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
    for (const url of this.#held.values()) if (url !== undefined) this.#options.revokeUrl(url);
    this.#held.clear();
  }

  async #load(key: string): Promise<void> {
    this.#loading.add(key);
    const picture = await this.#options.fetch(userIdOf(key)).catch(() => undefined);
    this.#loading.delete(key);
    if (this.#isClosed) return;
    const isShown = picture !== undefined && TYPES.includes(picture.type);
    this.#keep(key, isShown ? this.#options.createUrl(picture.bytes, picture.type) : undefined);
  }

  #keep(key: string, url: string | undefined): void {
    const before = this.#held.get(key);
    if (before !== undefined) this.#options.revokeUrl(before);
    this.#held.delete(key);
    this.#held.set(key, url);
    for (const [oldest, unused] of this.#held) {
      if (this.#held.size <= PICTURES_HELD_MAX) break;
      this.#held.delete(oldest);
      if (unused !== undefined) this.#options.revokeUrl(unused);
    }
    for (const listener of this.#listeners) listener();
  }
}

/** The page's own addresses for bytes. */
export function createPictureCache(fetch: PictureCacheOptions["fetch"]): PictureCache {
  return new PictureCache({ fetch, ...PAGE_URLS });
}

function keyOf(userId: UserId, version: number): string {
  return `${userId} ${version}`;
}

function userIdOf(key: string): UserId {
  return key.slice(0, key.lastIndexOf(" ")) as UserId;
}
