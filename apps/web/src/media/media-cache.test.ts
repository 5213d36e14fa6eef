import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import type { FetchedMedia, FetchMediaOptions, MediaSource } from "@parley/client";
import type { ConversationId, MediaBody, MediaId } from "@parley/protocol";
import {
  MEDIA_HELD_BYTES_MAX,
  MEDIA_HELD_MAX,
  MEDIA_LOADS_MAX,
  MediaCache,
  type MediaTarget,
} from "./media-cache.js";

const PLACE = { conversationId: "g:one" as ConversationId, sequence: 7 };

function pictureOf(id: number, isThumbnail = true): MediaTarget {
  const mediaId = id.toString(16).padStart(32, "0") as MediaId;
  const media: MediaBody = {
    mediaId,
    kind: "image",
    name: "a.png",
    type: "image/png",
    bytes: 3,
    width: 3,
    height: 2,
    durationMs: 0,
    hasThumbnail: true,
    caption: "",
  };
  return { place: PLACE, media, isThumbnail };
}

interface Request {
  readonly id: number;
  readonly options: FetchMediaOptions;
  readonly answer: (fetched: FetchedMedia) => Promise<void>;
  readonly refuse: (code: string) => Promise<void>;
}

/** A cache whose requests a test answers, with the addresses that are alive. */
class Bench {
  readonly requests: Request[] = [];
  readonly urls = new Map<string, string>();
  readonly cache = new MediaCache({
    fetch: ({ body }: MediaSource, options) =>
      new Promise((resolve, reject) => {
        const settle = async (action: () => void): Promise<void> => {
          action();
          await new Promise((done) => setImmediate(done));
        };
        this.requests.push({
          id: Number.parseInt(body!.media!.mediaId, 16),
          options,
          answer: (fetched) => settle(() => resolve(fetched)),
          refuse: (code) => settle(() => reject(new Failure(code, "Refused."))),
        });
      }),
    createUrl: (_content, type) => {
      const url = `blob:${this.#next++}`;
      this.urls.set(url, type);
      return url;
    },
    revokeUrl: (url) => void this.urls.delete(url),
  });
  #next = 1;
}

const PICTURE: FetchedMedia = { type: "image/png", bytes: new Uint8Array(10) };

test("what is used is fetched once, told, and given under a type that cannot run", async () => {
  const { cache, requests, urls } = new Bench();
  const told: string[] = [];
  const [one, other, page] = [cache.use(pictureOf(1)), cache.use(pictureOf(1)), cache.use(pictureOf(2))];
  one.subscribe(() => told.push(one.state().kind));
  await requests[0]!.answer(PICTURE);
  await requests[1]!.answer({ type: "text/html", bytes: new Uint8Array(1) });
  deepEqual(
    [requests.length, told, one.state(), other.state(), page.state(), [...urls.values()]],
    [
      2,
      ["ready"],
      { kind: "ready", url: "blob:1", type: "image/png" },
      { kind: "ready", url: "blob:1", type: "image/png" },
      { kind: "ready", url: "blob:2", type: "application/octet-stream" },
      ["image/png", "application/octet-stream"],
    ],
  );
});

test("so many are fetched at a time, the newest wish first, and none that nobody waits for any more", async () => {
  const { cache, requests } = new Bench();
  const uses = Array.from({ length: MEDIA_LOADS_MAX + 3 }, (_, id) => cache.use(pictureOf(id)));
  const atFirst = requests.length;
  uses[MEDIA_LOADS_MAX + 2]!.release();
  uses[0]!.release();
  uses[0]!.release();
  await requests[0]!.answer(PICTURE);
  deepEqual(
    [atFirst, requests.map(({ id }) => id).slice(atFirst), requests[0]!.options.signal],
    [MEDIA_LOADS_MAX, [MEDIA_LOADS_MAX + 1], { aborted: true }],
  );
});

test("a failure is told, tried again by hand, and by itself when only the connection was missing", async () => {
  const { cache, requests } = new Bench();
  const [gone, lost] = [cache.use(pictureOf(1)), cache.use(pictureOf(2))];
  await requests[0]!.refuse("message-recalled");
  await requests[1]!.refuse("unavailable");
  const failed = [gone.state(), lost.state()];
  cache.retryUnavailable();
  await requests[2]!.answer(PICTURE);
  gone.retry();
  await requests[3]!.answer(PICTURE);
  gone.spoil();
  deepEqual(
    [failed, requests.map(({ id }) => id), lost.state().kind, gone.state()],
    [
      [
        { kind: "failed", code: "message-recalled" },
        { kind: "failed", code: "unavailable" },
      ],
      [1, 2, 2, 1],
      "ready",
      { kind: "failed", code: "unplayable" },
    ],
  );
});

test("what is unused is kept within the number and the bytes, and what is dropped is revoked", async () => {
  const { cache, requests, urls } = new Bench();
  const kept = cache.use(pictureOf(0));
  await requests[0]!.answer(PICTURE);
  for (let id = 1; id <= MEDIA_HELD_MAX; id++) {
    const use = cache.use(pictureOf(id));
    await requests[id]!.answer(PICTURE);
    use.release();
  }
  const byCount = [cache.heldCount, urls.size, cache.peek(pictureOf(1)).kind, cache.peek(pictureOf(2)).kind];
  const large = cache.use(pictureOf(1_000));
  await requests.at(-1)!.answer({ type: "video/mp4", bytes: new Uint8Array(MEDIA_HELD_BYTES_MAX + 1) });
  const whileUsed = large.state().kind;
  large.release();
  const byBytes = [cache.heldCount, urls.size, kept.state().kind];
  cache.close();
  deepEqual(
    [byCount, whileUsed, byBytes, urls.size, cache.heldCount],
    [[MEDIA_HELD_MAX, MEDIA_HELD_MAX, "idle", "ready"], "ready", [1, 1, "ready"], 0, 0],
  );
});

test("what this page has uploaded is shown before it has a place, and instead of its thumbnail", () => {
  const { cache, requests } = new Bench();
  const pending = cache.use({ ...pictureOf(1, false), place: undefined });
  const before = pending.state().kind;
  cache.seed(pictureOf(2).media, new Blob(["x"]));
  const seeded = cache.use(pictureOf(2));
  deepEqual([before, seeded.state().kind, requests.length], ["idle", "ready", 0]);
});
