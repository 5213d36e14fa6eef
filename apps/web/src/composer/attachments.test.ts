import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import type { MediaFile, MediaInfo, MediaUpload, PendingMessage, UploadProgress } from "@parley/client";
import type { Body, ConversationId, Init, MediaId, UserId } from "@parley/protocol";
import { memoryStorage } from "../session/browser-storage.js";
import {
  Attachments,
  ATTACHMENTS_MAX,
  ATTACHMENTS_TOTAL_MAX,
  UPLOADS_AT_A_TIME,
  type Words,
} from "./attachments.js";
import { Drafts } from "./drafts.js";

const GROUP = "g:one" as ConversationId;
const HELLO: Words = { draft: "hello", body: { text: { text: "hello" }, reply: { sequence: 3 } } };

/** An upload that a test leads. */
class Led implements MediaUpload {
  readonly name: string;
  readonly mediaId: MediaId;
  readonly done: Promise<MediaInfo>;
  progress: UploadProgress = { state: "uploading", sentBytes: 0, bytes: 1 };
  isCancelled = false;
  #finish!: (info: MediaInfo) => void;
  #fail!: (error: unknown) => void;
  #listener: ((progress: UploadProgress) => void) | undefined;

  constructor({ name }: MediaFile, mediaId: MediaId) {
    this.name = name;
    this.mediaId = mediaId;
    this.done = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
  }

  onProgress(listener: (progress: UploadProgress) => void): () => void {
    this.#listener = listener;
    return () => undefined;
  }

  tell(state: "uploading" | "waiting", sentBytes: number): void {
    this.#listener?.({ state, sentBytes, bytes: 1 });
  }

  async finish(): Promise<void> {
    const { mediaId, name } = this;
    this.#finish({
      mediaId,
      kind: "image",
      name,
      type: "image/png",
      bytes: 1,
      width: 1,
      height: 1,
      hasThumbnail: true,
    });
    await settle();
  }

  async fail(code: string): Promise<void> {
    this.#fail(new Failure(code, "Failed."));
    await settle();
  }

  cancel(): void {
    this.isCancelled = true;
    this.#fail(new Failure("upload-cancelled", "Cancelled."));
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class Bench {
  readonly uploads: Led[] = [];
  readonly continued: (MediaId | undefined)[] = [];
  /** What was sent: the name of the file and the caption. */
  readonly sent: (readonly [name: string, caption: string, answers: number])[] = [];
  readonly urls = new Set<string>();
  readonly seeded: string[] = [];
  /** What the store of messages does. */
  store: () => Promise<void> = async () => undefined;
  readonly drafts = new Drafts(memoryStorage(), "ada" as UserId);
  readonly attachments = new Attachments({
    client: {
      uploadMedia: (file, options = {}) => {
        const upload = new Led(file, (options.mediaId ?? `id-${this.uploads.length}`) as MediaId);
        this.uploads.push(upload);
        this.continued.push(options.mediaId);
        return upload;
      },
      send: async (_conversationId, { media, reply }: Init<Body>) => {
        this.sent.push([media?.name ?? "", media?.caption ?? "", reply?.sequence ?? 0]);
        await this.store();
        return {} as PendingMessage;
      },
    },
    drafts: this.drafts,
    media: { seed: ({ name }) => void this.seeded.push(name) },
    createUrl: (file) => {
      const url = `blob:${(file as File).name}`;
      this.urls.add(url);
      return url;
    },
    revokeUrl: (url) => void this.urls.delete(url),
    durationOf: async () => 0,
  });

  add(...names: readonly string[]): ReturnType<Attachments["add"]> {
    return this.attachments.add(
      GROUP,
      names.map((name) => new File(["x"], name, { type: "image/png" })),
    );
  }

  states(): readonly string[] {
    return this.attachments.list(GROUP).map(({ name, state }) => `${name} ${state}`);
  }
}

test("files are uploaded at once, some at a time, and their progress is told", async () => {
  const bench = new Bench();
  bench.add("a", "b", "c", "d");
  const first = bench.states();
  const list = bench.attachments.list(GROUP);
  bench.uploads[0]!.tell("waiting", 1);
  const isOther = list !== bench.attachments.list(GROUP);
  await bench.uploads[1]!.finish();
  deepEqual(
    [first, isOther, bench.states(), bench.attachments.list(GROUP)[0]?.sentBytes, bench.seeded],
    [
      ["a uploading", "b uploading", "c uploading", "d queued"],
      true,
      ["a waiting", "b ready", "c uploading", "d uploading"],
      1,
      ["b"],
    ],
  );
  deepEqual(first.filter((state) => state.endsWith("uploading")).length, UPLOADS_AT_A_TIME);
});

test("what was sent off goes in its order when it is uploaded, and the words and the answer go with the first", async () => {
  const bench = new Bench();
  bench.add("a", "b");
  bench.attachments.send(GROUP, HELLO);
  await bench.uploads[1]!.finish();
  const waiting = [...bench.sent];
  bench.add("later");
  await bench.uploads[0]!.finish();
  deepEqual(
    [waiting, bench.sent, bench.states(), bench.urls.size],
    [
      [],
      [
        ["a", "hello", 3],
        ["b", "", 0],
      ],
      ["later uploading"],
      1,
    ],
  );
});

test("what is refused stays to be looked at, the others go on, and the words go with them", async () => {
  const bench = new Bench();
  bench.add("a", "b");
  bench.attachments.send(GROUP, HELLO);
  await bench.uploads[1]!.finish();
  await bench.uploads[0]!.fail("media-too-large");
  const [failed] = bench.attachments.list(GROUP);
  deepEqual(
    [bench.sent, bench.states(), failed?.code, failed?.isSentOff],
    [[["b", "hello", 3]], ["a failed"], "media-too-large", false],
  );
  bench.attachments.retry(failed!.id);
  await bench.uploads[2]!.finish();
  const isWaiting = bench.states();
  bench.attachments.send(GROUP, undefined);
  await settle();
  deepEqual([isWaiting, bench.sent.at(-1), bench.attachments.isBusy], [["a ready"], ["a", "", 0], false]);
});

test("a file is there until its message is stored, and stays with the words when it cannot be", async () => {
  const bench = new Bench();
  let fail = (_error: unknown): void => undefined;
  bench.store = () =>
    new Promise((_resolve, reject) => {
      fail = reject;
    });
  bench.add("a");
  await bench.uploads[0]!.finish();
  bench.attachments.send(GROUP, HELLO);
  await settle();
  const [{ id } = { id: 0 }] = bench.attachments.list(GROUP);
  bench.attachments.remove(id);
  const isBusy = bench.attachments.isBusy;
  fail(new Failure("storage-full", "Failed."));
  await settle();
  const failed = [bench.states(), bench.drafts.read(GROUP)];
  bench.store = async () => undefined;
  bench.attachments.retry(id);
  const again = bench.states();
  bench.attachments.send(GROUP, undefined);
  await settle();
  deepEqual(
    [isBusy, failed, again, bench.sent.length, bench.uploads.length, bench.attachments.isBusy],
    [true, [["a failed"], "hello"], ["a ready"], 2, 1, false],
  );
});

test("what fails for want of a connection goes on from where it was, and is sent then", async () => {
  const bench = new Bench();
  bench.add("a");
  bench.attachments.send(GROUP, HELLO);
  await bench.uploads[0]!.fail("unavailable");
  const lost = bench.states();
  bench.attachments.retryUnavailable();
  await bench.uploads[1]!.finish();
  deepEqual([lost, bench.continued, bench.sent], [["a failed"], [undefined, "id-0"], [["a", "hello", 3]]]);
});

test("when all that was sent off is taken away, the words are back", async () => {
  const bench = new Bench();
  const told: string[] = [];
  bench.attachments.onReturned((conversationId) => told.push(conversationId));
  bench.add("a");
  bench.attachments.send(GROUP, HELLO);
  bench.drafts.keep(GROUP, "and more");
  bench.attachments.remove(bench.attachments.list(GROUP)[0]!.id);
  await settle();
  deepEqual(
    [bench.sent, bench.uploads[0]!.isCancelled, bench.drafts.read(GROUP), told, bench.urls.size],
    [[], true, "hello\nand more", [GROUP], 0],
  );
});

test("so many are taken and no more, and none that is empty", () => {
  const bench = new Bench();
  const names = Array.from({ length: ATTACHMENTS_MAX + 1 }, (_, index) => `f${index}`);
  const refusal = bench.add(...names);
  const count = bench.attachments.list(GROUP).length;
  const empty = bench.attachments.add("g:two" as ConversationId, [new File([], "empty")]);
  const file = new File(["x"], "x");
  const total = ["g:2", "g:3", "g:4"].map((id) =>
    bench.attachments.add(
      id as ConversationId,
      Array.from({ length: ATTACHMENTS_MAX }, () => file),
    ),
  );
  const all = ["g:2", "g:3", "g:4"].map((id) => bench.attachments.list(id as ConversationId).length);
  bench.attachments.close();
  deepEqual(
    [refusal, count, empty, total, all, bench.urls.size, bench.attachments.isBusy],
    [
      "too-many",
      ATTACHMENTS_MAX,
      "empty",
      [undefined, undefined, "too-many"],
      [ATTACHMENTS_MAX, ATTACHMENTS_MAX, ATTACHMENTS_TOTAL_MAX - 3 * ATTACHMENTS_MAX],
      0,
      false,
    ],
  );
});
