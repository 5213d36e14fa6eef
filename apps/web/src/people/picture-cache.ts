/**
 * Pictures of people that the page shows: fetched with the user's token, kept as object addresses, the longest unused dropped first.
 * A picture of a version never changes, so what is held is right.
 */
import type { FetchedMedia } from "@parley/client";
import type { UserId } from "@parley/protocol";

/** Pictures that are kept: at most so many times PICTURE_BYTES_MAX. */
export const PICTURES_HELD_MAX = 400;
/** Pictures that are fetched at a time, and that wait for that; who is not seen any more is asked for last, or not at all. */
export const PICTURE_LOADS_MAX = 4;
export const PICTURES_WAITING_MAX = 200;
/** What a picture may be: the browser is given nothing that runs. */
const TYPES: readonly string[] = ["image/jpeg", "image/png", "image/webp"];

export interface PictureCacheOptions {
  readonly fetch: (userId: UserId) => Promise<FetchedMedia | undefined>;
  readonly createUrl: (content: Uint8Array, type: string) => string;
  readonly revokeUrl: (url: string) => void;
}

interface Wanted {
  readonly key: string;
  readonly userId: UserId;
}

export class PictureCache {
  readonly #options: PictureCacheOptions;
  /** The longest unused first. Without an address: it did not come, or cannot be shown. */
  readonly #held = new Map<string, { readonly userId: UserId; readonly url: string | undefined }>();
  readonly #waiting: Wanted[] = [];
  readonly #loading = new Set<string>();
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
    return version === 0 ? undefined : this.#held.get(keyOf(userId, version))?.url;
  }

  /** Fetches a picture that is not held; somebody sees it now. */
  want(userId: UserId, version: number): void {
    const key = keyOf(userId, version);
    if (this.#isClosed || version === 0 || this.#loading.has(key)) return;
    const held = this.#held.get(key);
    if (held === undefined) return this.#queue({ key, userId });
    this.#held.delete(key);
    this.#held.set(key, held);
  }

  /** It is there and cannot be shown. */
  spoil(userId: UserId, version: number): void {
    this.#keep({ key: keyOf(userId, version), userId }, undefined);
  }

  /** Asks again for what did not come. */
  retryFailed(): void {
    for (const [key, { userId, url }] of this.#held) {
      if (url !== undefined) continue;
      this.#held.delete(key);
      this.#queue({ key, userId });
    }
  }

  /** Drops everything. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    for (const { url } of this.#held.values()) if (url !== undefined) this.#options.revokeUrl(url);
    this.#held.clear();
  }

  #queue(wanted: Wanted): void {
    const at = this.#waiting.findIndex(({ key }) => key === wanted.key);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#waiting.push(wanted);
    if (this.#waiting.length > PICTURES_WAITING_MAX) this.#waiting.shift();
    this.#loadNext();
  }

  #loadNext(): void {
    while (this.#loading.size < PICTURE_LOADS_MAX) {
      const wanted = this.#waiting.pop();
      if (wanted === undefined) return;
      this.#loading.add(wanted.key);
      void this.#load(wanted).finally(() => {
        this.#loading.delete(wanted.key);
        this.#loadNext();
      });
    }
  }

  async #load(wanted: Wanted): Promise<void> {
    const picture = await this.#options.fetch(wanted.userId).catch(() => undefined);
    if (this.#isClosed) return;
    const isShown = picture !== undefined && TYPES.includes(picture.type);
    this.#keep(wanted, isShown ? this.#options.createUrl(picture.bytes, picture.type) : undefined);
  }

  #keep({ key, userId }: Wanted, url: string | undefined): void {
    const before = this.#held.get(key)?.url;
    if (before !== undefined) this.#options.revokeUrl(before);
    this.#held.delete(key);
    this.#held.set(key, { userId, url });
    for (const [oldest, { url: unused }] of this.#held) {
      if (this.#held.size <= PICTURES_HELD_MAX) break;
      this.#held.delete(oldest);
      if (unused !== undefined) this.#options.revokeUrl(unused);
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The page's own addresses for bytes. */
export function createPictureCache(fetch: PictureCacheOptions["fetch"]): PictureCache {
  return new PictureCache({
    fetch,
    createUrl: (content, type) => URL.createObjectURL(new Blob([content as BlobPart], { type })),
    revokeUrl: (url) => URL.revokeObjectURL(url),
  });
}

function keyOf(userId: UserId, version: number): string {
  return `${userId} ${version}`;
}
