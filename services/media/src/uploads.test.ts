/** Uploads end anywhere, lie about anything and come from anybody: what is stored is right, or refused and gone. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failureCode } from "@parley/base";
import type { MediaId } from "@parley/protocol";
import * as fc from "fast-check";
import sharp from "sharp";
import { MEDIA, MEDIA_UPLOAD } from "./media-rows.js";
import { MediaBench, PART_BYTES, partOf, sessionOf } from "./testing/media-bench.js";
import { APPEND_IDLE_MS, APPENDS_PER_USER_MAX, UPLOADS_PER_USER_MAX } from "./uploads.js";

const ann = sessionOf("ann");
const bob = sessionOf("bob");
const stranger = sessionOf("ann", "other");
const BYTES = Uint8Array.from({ length: 1_000 }, (_, index) => index % 241);
const PNG = await sharp({ create: { width: 30, height: 20, channels: 3, background: "red" } })
  .png()
  .toBuffer();

async function begin(bench: MediaBench, bytes: number, type = ""): Promise<MediaId> {
  return (await bench.service.createUpload(ann, { bytes, name: "a.bin", type })).mediaId;
}

function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(() => "done", failureCode);
}

async function contentOf(bench: MediaBench, mediaId: MediaId, isThumbnail = false): Promise<Buffer> {
  const content = await bench.service.openUpload(ann, mediaId, { isThumbnail });
  const pieces: Uint8Array[] = [];
  for await (const piece of content.read(0, content.bytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe("an upload", () => {
  it("holds what came, cut in any way, with a new process in between", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 400 }),
        fc.array(
          fc.record({ take: fc.nat({ max: 300 }), isBroken: fc.boolean(), isNewProcess: fc.boolean() }),
          {
            maxLength: 8,
          },
        ),
        async (bytes, steps) => {
          const bench = new MediaBench();
          const mediaId = await begin(bench, bytes.length);
          let offset = 0;
          for (const { take, isBroken, isNewProcess } of [
            ...steps,
            { take: 400, isBroken: false, isNewProcess: true },
          ]) {
            if (isNewProcess) bench.restart();
            const held = await bench.service.uploadStatus(ann, mediaId);
            assert.ok(held.offset >= offset && held.offset <= bytes.length, "it never goes back");
            ({ offset } = held);
            const piece = bytes.subarray(offset, offset + take);
            const pieces = [piece.subarray(0, take / 3), piece.subarray(take / 3)];
            const appended = bench.service.appendUpload(
              ann,
              mediaId,
              partOf(offset, pieces, isBroken ? new Error("the line is cut") : undefined),
            );
            if (!isBroken) offset = await appended;
            else await assert.rejects(appended, /the line is cut/);
          }
          assert.equal(offset, bytes.length);
          await bench.service.completeUpload(ann, mediaId);
          assert.deepEqual(await contentOf(bench, mediaId), Buffer.from(bytes));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is refused from a wrong offset, and told the right one", async () => {
    const bench = new MediaBench();
    const mediaId = await begin(bench, BYTES.length);
    await bench.service.appendUpload(ann, mediaId, partOf(0, [BYTES.subarray(0, 200)]));
    const offsets: unknown[] = [];
    for (const offset of [0, 200, 193, 5_000, -1, Number.NaN]) {
      await bench.service.appendUpload(ann, mediaId, partOf(offset, [BYTES])).catch((error: unknown) => {
        offsets.push([failureCode(error), (error as { details?: { offset?: number } }).details?.offset]);
      });
    }
    const right = PART_BYTES * 3;
    assert.deepEqual(
      offsets,
      offsets.map(() => ["upload-offset", right]),
    );
    assert.equal(offsets.length, 6);
    assert.equal(
      await bench.service.appendUpload(ann, mediaId, partOf(right, [BYTES.subarray(right)])),
      BYTES.length,
    );
  });

  it("that is longer than it said is refused, and what fits stays", async () => {
    const bench = new MediaBench();
    const mediaId = await begin(bench, 100);
    assert.equal(await codeOf(bench.service.appendUpload(ann, mediaId, partOf(0, [BYTES]))), "bad-request");
    assert.equal((await bench.service.uploadStatus(ann, mediaId)).offset, 100);
    await bench.service.completeUpload(ann, mediaId);
    assert.deepEqual(await contentOf(bench, mediaId), Buffer.from(BYTES.subarray(0, 100)));
  });

  it("that is shorter than it said is not complete", async () => {
    const bench = new MediaBench();
    const mediaId = await begin(bench, BYTES.length);
    await bench.service.appendUpload(ann, mediaId, partOf(0, [BYTES.subarray(0, -1)]));
    assert.equal(await codeOf(bench.service.completeUpload(ann, mediaId)), "upload-offset");
    const { offset, isComplete } = await bench.service.uploadStatus(ann, mediaId);
    assert.deepEqual([offset, isComplete], [Math.floor(999 / PART_BYTES) * PART_BYTES, false]);
  });

  it("of nothing, of too much, or of no number is refused", async () => {
    const bench = new MediaBench({ limits: { fileBytesMax: 1_000 } });
    const codes = [];
    for (const bytes of [0, -1, 1.5, Number.NaN, 1_001, Number.MAX_SAFE_INTEGER, 1_000])
      codes.push(await codeOf(bench.service.createUpload(ann, { bytes, name: "a", type: "" })));
    const bad = "bad-request";
    const large = "media-too-large";
    assert.deepEqual(codes, [bad, bad, bad, bad, large, large, "done"]);
  });

  it("is nobody's but its owner's, whatever is asked", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES);
    const open = await begin(bench, 100);
    const unknown = "f".repeat(32) as MediaId;
    const codes = new Set<string | undefined>();
    for (const [session, id] of [
      [bob, mediaId],
      [bob, open],
      [stranger, mediaId],
      [stranger, open],
      [ann, unknown],
    ] as const) {
      codes.add(await codeOf(bench.service.uploadStatus(session, id)));
      codes.add(await codeOf(bench.service.appendUpload(session, id, partOf(0, [BYTES]))));
      codes.add(await codeOf(bench.service.completeUpload(session, id)));
      codes.add(await codeOf(bench.service.cancelUpload(session, id)));
      codes.add(await codeOf(bench.service.openUpload(session, id, { isThumbnail: false })));
    }
    assert.deepEqual([[...codes], (await contentOf(bench, mediaId)).length], [["media-unknown"], 1_000]);
  });

  it("ends another that goes into the same file, and goes on", async () => {
    const bench = new MediaBench();
    const mediaId = await begin(bench, 200);
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const lost = bench.service.appendUpload(ann, mediaId, {
      offset: 0,
      source: (async function* () {
        yield BYTES.subarray(0, 100);
        await ended;
        throw new Error("stopped");
      })(),
      stop: end,
    });
    lost.catch(() => undefined);
    // The first part of it is stored.
    while (bench.parts.parts.size === 0) await bench.time.settle();
    const offset = await bench.service.appendUpload(
      ann,
      mediaId,
      partOf(PART_BYTES, [BYTES.subarray(PART_BYTES, 200)]),
    );
    await assert.rejects(lost, /stopped/);
    await bench.service.completeUpload(ann, mediaId);
    assert.deepEqual([offset, await contentOf(bench, mediaId)], [200, Buffer.from(BYTES.subarray(0, 200))]);
  });

  it("of which nothing comes for half a minute is ended", async () => {
    const bench = new MediaBench();
    const mediaId = await begin(bench, 200);
    let isStopped = false;
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const appending = bench.service.appendUpload(ann, mediaId, {
      offset: 0,
      source: (async function* () {
        yield BYTES.subarray(0, 100);
        await ended;
      })(),
      stop: () => {
        isStopped = true;
        end();
      },
    });
    await bench.time.advance(APPEND_IDLE_MS - 1);
    const before = isStopped;
    await bench.time.advance(1);
    assert.deepEqual([before, isStopped, await appending, bench.time.waiting], [false, true, PART_BYTES, 0]);
  });

  it("is one of so many of a user that are not sent, and of so many bytes", async () => {
    const bench = new MediaBench({ limits: { fileBytesMax: 1_000, uploadingBytesMax: 100_000 } });
    const ids: MediaId[] = [];
    const all = await Promise.allSettled(
      Array.from({ length: UPLOADS_PER_USER_MAX + 5 }, () => begin(bench, 1)),
    );
    for (const each of all) if (each.status === "fulfilled") ids.push(each.value);
    const refused = await codeOf(begin(bench, 1));
    const ofAnother = await codeOf(bench.service.createUpload(bob, { bytes: 1, name: "", type: "" }));
    const next = (): Promise<string | undefined> => codeOf(begin(bench, 1));
    await bench.service.cancelUpload(ann, ids[0]!);
    const again = [await next(), await next()];
    await bench.service.appendUpload(ann, ids[1]!, partOf(0, [BYTES.subarray(0, 1)]));
    await bench.service.completeUpload(ann, ids[1]!);
    // Whoever sends nothing would fill the disk file by file.
    again.push(await next());
    await bench.send(ann, ids[1]!, 1);
    again.push(await next(), await next());
    const full = "too-many-requests";
    assert.deepEqual(
      [ids.length, refused, ofAnother, again],
      [UPLOADS_PER_USER_MAX, full, "done", ["done", full, full, "done", full]],
    );
    const large = new MediaBench({ limits: { fileBytesMax: 1_000, uploadingBytesMax: 1_500 } });
    assert.deepEqual(
      [await codeOf(begin(large, 1_000)), await codeOf(begin(large, 501)), await codeOf(begin(large, 500))],
      ["done", "too-many-requests", "done"],
    );
  });

  it("takes its place among the appends of a user only while it goes on", async () => {
    const bench = new MediaBench();
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const slow = async (): Promise<number> => {
      const mediaId = await begin(bench, 10);
      return bench.service.appendUpload(ann, mediaId, {
        offset: 0,
        source: (async function* () {
          await ended;
          yield BYTES.subarray(0, 10);
        })(),
        stop: () => undefined,
      });
    };
    const running = Array.from({ length: APPENDS_PER_USER_MAX }, slow);
    await bench.time.settle();
    await bench.time.settle();
    const refused = await codeOf(slow());
    end();
    await Promise.all(running);
    assert.deepEqual([refused, await codeOf(slow())], ["too-many-requests", "done"]);
  });
});

describe("a complete upload", () => {
  it("that is a picture has its size and a thumbnail, twice as once", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, PNG, { name: "x/a.png", type: "image/jpeg" });
    const info = await bench.service.completeUpload(ann, mediaId);
    const expected = { mediaId, kind: "image", name: "a.png", type: "image/png", bytes: PNG.length };
    assert.deepEqual(info, { ...expected, width: 30, height: 20, hasThumbnail: true });
    assert.equal((await sharp(await contentOf(bench, mediaId, true)).metadata()).format, "webp");
    assert.equal(await codeOf(bench.service.appendUpload(ann, mediaId, partOf(0, [BYTES]))), "upload-offset");
  });

  it("that claims to be a picture and is none is refused, and nothing of it stays", async () => {
    const bench = new MediaBench();
    const page = Buffer.from("<html><script>alert(1)</script></html>");
    assert.equal(await codeOf(bench.upload(ann, page, { type: "image/png" })), "media-refused");
    const rows = [
      ...(await bench.tables.scanTable({ table: MEDIA, limit: 10 })),
      ...(await bench.tables.scanTable({ table: MEDIA_UPLOAD, limit: 10 })),
    ];
    assert.deepEqual([rows, bench.parts.parts.size], [[], 0]);
  });

  it("that begins as a picture and is none is a file", async () => {
    const bench = new MediaBench();
    const broken = Buffer.concat([PNG.subarray(0, 40), Buffer.alloc(100)]);
    const mediaId = await bench.upload(ann, broken, { type: "image/png" });
    const { kind, width, hasThumbnail } = await bench.service.completeUpload(ann, mediaId);
    const { type, isInline } = await bench.service.openUpload(ann, mediaId, { isThumbnail: false });
    assert.deepEqual(
      [kind, width, hasThumbnail, type, isInline],
      ["file", 0, false, "application/octet-stream", false],
    );
    assert.equal(await codeOf(bench.service.openUpload(ann, mediaId, { isThumbnail: true })), "not-found");
  });

  it("of a sound or a film that nobody plays is a file, and SVG and HTML are nothing else", async () => {
    const bench = new MediaBench();
    const kinds = [];
    for (const type of ["audio/aac", "video/quicktime", "image/svg+xml", "text/html", "image/heic"]) {
      const mediaId = await bench.upload(ann, Buffer.from("<svg onload='alert(1)'/>"), { type });
      const info = await bench.service.completeUpload(ann, mediaId);
      const served = await bench.service.openUpload(ann, mediaId, { isThumbnail: false });
      kinds.push([info.kind, info.type, served.type, served.isInline]);
    }
    const file = ["file", "application/octet-stream", "application/octet-stream", false];
    assert.deepEqual(
      kinds,
      Array.from({ length: 5 }, () => file),
    );
  });

  it("can be completed again where the store failed", async () => {
    const bench = new MediaBench();
    const mediaId = await begin(bench, PNG.length, "image/png");
    await bench.service.appendUpload(ann, mediaId, partOf(0, [PNG]));
    const put = bench.parts.put.bind(bench.parts);
    bench.parts.put = () =>
      Promise.reject(Object.assign(new Error("full"), { name: "Failure", code: "blob-full" }));
    const refused = await codeOf(bench.service.completeUpload(ann, mediaId));
    bench.parts.put = put;
    bench.restart();
    const { kind, hasThumbnail } = await bench.service.completeUpload(ann, mediaId);
    assert.deepEqual([refused, kind, hasThumbnail], ["storage-full", "image", true]);
  });
});
