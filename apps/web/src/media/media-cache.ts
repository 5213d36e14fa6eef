/**
 * Files of messages that the page shows: fetched with the user's token, kept as object addresses.
 *
 *   idle ─► waiting ─► loading ─► ready      what nobody uses any more is dropped, the longest unused first
 *              ▲                 └► failed   a failure without a connection is tried again with the next one
 *              └──────── retry ─────┘
 *
 *   1  Only what is used is fetched: MEDIA_LOADS_MAX at a time, what was asked for last first, for that is on the screen.
 *   2  What is ready and unused stays within MEDIA_HELD_MAX and MEDIA_HELD_BYTES_MAX. What is dropped is revoked.
 *   3  The browser is given bytes under a type that is shown, or as bytes: never as something that runs.
 */
import { failureCode } from "@parley/base";
import type { FetchedMedia, FetchMediaOptions, MediaSource } from "@parley/client";
import { Body, type ConversationId, filled, type MediaBody } from "@parley/protocol";
import { LoadQueue } from "./load-queue.js";
import { safeTypeOf } from "./media-kind.js";
import { type ObjectUrls, PAGE_URLS } from "./object-urls.js";

/** Files that are fetched at a time. */
export const MEDIA_LOADS_MAX = 4;
/** Files that are kept. */
export const MEDIA_HELD_MAX = 200;
/** Their bytes together, of those that are not in use. */
export const MEDIA_HELD_BYTES_MAX = 128 * 1024 * 1024;

/** The message that a file is read by. */
export interface MediaPlace {
  readonly conversationId: ConversationId;
  readonly sequence: number;
}

/** A file of a message; without a place it is on its way to the server, and shown only when this page has it. */
export interface MediaTarget {
  readonly place: MediaPlace | undefined;
  readonly media: MediaBody;
  readonly isThumbnail: boolean;
}

export type MediaState =
  | { readonly kind: "idle" }
  | { readonly kind: "loading"; readonly part: number }
  | { readonly kind: "ready"; readonly url: string; readonly type: string }
  | { readonly kind: "failed"; readonly code: string };

/** Somebody's use of a file. */
export interface MediaUse {
  readonly state: () => MediaState;
  /** Another state is told; returns what ends it. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly retry: () => void;
  /** It is there and cannot be shown: what is held of it goes. */
  readonly spoil: () => void;
  /** Ends the use. Twice is as once. */
  readonly release: () => void;
}

export interface MediaCacheOptions extends ObjectUrls {
  readonly fetch: (source: MediaSource, options: FetchMediaOptions) => Promise<FetchedMedia>;
}

interface Entry {
  readonly key: string;
  target: MediaTarget;
  state: MediaState;
  bytes: number;
  users: number;
  /** Aborted when nobody wants it any more. */
  load: { aborted: boolean } | undefined;
  readonly listeners: Set<() => void>;
}

const IDLE: MediaState = { kind: "idle" };

export class MediaCache {
  readonly #options: MediaCacheOptions;
  /** The longest unused first. */
  readonly #entries = new Map<string, Entry>();
  readonly #queue = new LoadQueue<Entry>({
    atATime: MEDIA_LOADS_MAX,
    // What waits is in use: the list draws only what is near the screen.
    waitingMax: Infinity,
    load: (entry) => this.#load(entry).finally(() => this.#dropUnused()),
  });
  #isClosed = false;

  constructor(options: MediaCacheOptions) {
    this.#options = options;
  }

  /** What is known of a file before it is used. */
  peek(target: MediaTarget): MediaState {
    return this.#find(target)?.state ?? IDLE;
  }

  /** Uses a file: it is fetched when it is not there. */
  use(target: MediaTarget): MediaUse {
    const entry = this.#find(target) ?? this.#add(target);
    entry.target = target;
    entry.users += 1;
    this.#touch(entry);
    if (entry.state.kind === "idle") this.#want(entry);
    let isReleased = false;
    return {
      state: () => entry.state,
      subscribe: (listener) => {
        entry.listeners.add(listener);
        return () => void entry.listeners.delete(listener);
      },
      retry: () => this.#want(entry),
      spoil: () => this.#spoil(entry),
      release: () => {
        if (!isReleased) this.#release(entry);
        isReleased = true;
      },
    };
  }

  /** Keeps what this page has itself uploaded, so that it need not come back. */
  seed(media: MediaBody, content: Blob): void {
    const target = { place: undefined, media, isThumbnail: false };
    if (this.#isClosed || this.#find(target) !== undefined) return;
    const entry = this.#add(target);
    this.#become(entry, this.#ready(content, media.type), content.size);
    this.#dropUnused();
  }

  /** Tries again what failed for want of a connection. */
  retryUnavailable(): void {
    for (const entry of this.#entries.values()) {
      if (entry.state.kind === "failed" && entry.state.code === "unavailable") this.#want(entry);
    }
  }

  /** Drops everything. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
    for (const entry of this.#entries.values()) this.#drop(entry);
  }

  get heldCount(): number {
    return this.#entries.size;
  }

  /** A thumbnail is not needed where the picture itself is there. */
  #find(target: MediaTarget): Entry | undefined {
    const whole = this.#entries.get(keyOf(target.media, false));
    if (whole?.state.kind === "ready") return whole;
    return this.#entries.get(keyOf(target.media, target.isThumbnail));
  }

  #add(target: MediaTarget): Entry {
    const key = keyOf(target.media, target.isThumbnail);
    const listeners = new Set<() => void>();
    const entry: Entry = { key, target, state: IDLE, bytes: 0, users: 0, load: undefined, listeners };
    this.#entries.set(key, entry);
    return entry;
  }

  #want(entry: Entry): void {
    if (this.#isClosed || entry.target.place === undefined || entry.users === 0) return;
    if (entry.state.kind === "ready" || entry.state.kind === "loading") return;
    this.#become(entry, { kind: "loading", part: 0 });
    this.#queue.add(entry);
  }

  async #load(entry: Entry): Promise<void> {
    const signal = { aborted: false };
    entry.load = signal;
    const { place, media, isThumbnail } = entry.target;
    const onProgress: FetchMediaOptions["onProgress"] = ({ receivedBytes, bytes }) => {
      if (!signal.aborted && receivedBytes < bytes) {
        this.#become(entry, { kind: "loading", part: receivedBytes / bytes });
      }
    };
    try {
      const source = { ...place!, body: filled(Body, { media }) };
      const fetched = await this.#options.fetch(source, { isThumbnail, onProgress, signal });
      if (signal.aborted) return;
      this.#become(entry, this.#ready(fetched.bytes, fetched.type), fetched.bytes.length);
    } catch (error) {
      if (!signal.aborted) this.#become(entry, { kind: "failed", code: failureCode(error) ?? "unexpected" });
    } finally {
      entry.load = undefined;
    }
  }

  #ready(content: Uint8Array | Blob, contentType: string): MediaState {
    const type = safeTypeOf(contentType);
    return { kind: "ready", url: this.#options.createUrl(content, type), type };
  }

  #spoil(entry: Entry): void {
    if (entry.state.kind !== "ready") return;
    this.#options.revokeUrl(entry.state.url);
    this.#become(entry, { kind: "failed", code: "unplayable" });
  }

  #become(entry: Entry, state: MediaState, bytes = 0): void {
    entry.state = state;
    entry.bytes = bytes;
    for (const listener of entry.listeners) listener();
  }

  #release(entry: Entry): void {
    entry.users -= 1;
    if (entry.users > 0) return;
    // What nobody waits for is not fetched: somebody scrolls past many pictures.
    if (entry.state.kind !== "ready") this.#drop(entry);
    this.#touch(entry);
    this.#dropUnused();
  }

  #touch(entry: Entry): void {
    if (this.#entries.get(entry.key) !== entry) return;
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
  }

  #dropUnused(): void {
    const unused = [...this.#entries.values()].filter(({ users }) => users === 0);
    let bytes = unused.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const entry of unused) {
      if (this.#entries.size <= MEDIA_HELD_MAX && bytes <= MEDIA_HELD_BYTES_MAX) return;
      bytes -= entry.bytes;
      this.#drop(entry);
    }
  }

  #drop(entry: Entry): void {
    if (entry.load !== undefined) entry.load.aborted = true;
    this.#queue.remove(entry);
    if (entry.state.kind === "ready") this.#options.revokeUrl(entry.state.url);
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
    entry.state = IDLE;
  }
}

/** The page's own addresses for bytes. */
export function createMediaCache(fetch: MediaCacheOptions["fetch"]): MediaCache {
  return new MediaCache({ fetch, ...PAGE_URLS });
}

function keyOf({ mediaId }: MediaBody, isThumbnail: boolean): string {
  return isThumbnail ? `${mediaId} thumbnail` : mediaId;
}
