import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { FetchedMedia } from "@parley/client";
import type { UserId } from "@parley/protocol";
import { PICTURE_LOADS_MAX, PictureCache, PICTURES_HELD_MAX } from "./picture-cache.js";

const ADA = "ada" as UserId;

/** A server whose answers a test gives. */
class Bench {
  readonly asked: string[] = [];
  readonly revoked: string[] = [];
  readonly #answers: ((picture: FetchedMedia | undefined | Error) => void)[] = [];
  #made = 0;
  readonly cache = new PictureCache({
    fetch: (userId) => {
      this.asked.push(userId);
      return new Promise((resolve, reject) => {
        this.#answers.push((picture) => (picture instanceof Error ? reject(picture) : resolve(picture)));
      });
    },
    createUrl: () => `blob:${(this.#made += 1)}`,
    revokeUrl: (url) => this.revoked.push(url),
  });

  readonly answer = async (picture: FetchedMedia | Error | undefined = png()): Promise<void> => {
    this.#answers.shift()?.(picture);
    await settle();
  };
}

function png(type = "image/png"): FetchedMedia {
  return { type, bytes: Uint8Array.of(1) };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}

test("a picture is fetched once, and again when it has a new version", async () => {
  const { cache, asked, answer } = new Bench();
  let changes = 0;
  cache.subscribe(() => (changes += 1));
  for (let count = 0; count < 3; count++) cache.want(ADA, 1);
  const before = cache.peek(ADA, 1);
  await answer();
  cache.want(ADA, 1);
  cache.want(ADA, 2);
  cache.want("bob" as UserId, 0);
  await answer();
  deepEqual(
    [before, cache.peek(ADA, 1), cache.peek(ADA, 2), cache.peek(ADA, 0), asked, changes],
    [undefined, "blob:1", "blob:2", undefined, ["ada", "ada"], 2],
  );
});

test("few are fetched at a time, the last that was seen first", async () => {
  const { cache, asked, answer } = new Bench();
  for (let index = 0; index < PICTURE_LOADS_MAX + 2; index++) cache.want(`u${index}` as UserId, 1);
  await answer();
  deepEqual(asked, ["u0", "u1", "u2", "u3", "u5"]);
});

test("what did not come is asked for again with the next connection, and what is no picture is not shown", async () => {
  const { cache, asked, answer } = new Bench();
  cache.want(ADA, 1);
  await answer(new Error("offline"));
  cache.want(ADA, 1);
  cache.retryFailed();
  await answer(png("text/html"));
  cache.spoil("eve" as UserId, 1);
  cache.want("eve" as UserId, 1);
  deepEqual([asked, cache.peek(ADA, 1)], [["ada", "ada"], undefined]);
});

test("so many are kept, those that were seen last, and what is dropped is revoked", async () => {
  const { cache, revoked, answer } = new Bench();
  for (let index = 0; index <= PICTURES_HELD_MAX; index++) {
    cache.want(`u${index}` as UserId, 1);
    await answer();
    cache.want("u0" as UserId, 1);
  }
  deepEqual([revoked, cache.peek("u0" as UserId, 1)], [["blob:2"], "blob:1"]);
  cache.close();
  cache.want(ADA, 1);
  deepEqual([revoked.length, cache.peek("u0" as UserId, 1)], [PICTURES_HELD_MAX + 1, undefined]);
});
