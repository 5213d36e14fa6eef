/** Uploads over lines that break: what arrives is the file, or the application is told why not. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure, failureCode } from "@parley/base";
import { ManualTime, manualAmbient } from "@parley/base/testing";
import * as fc from "fast-check";
import { HTTP_TIMEOUT_MS, UPLOAD_TRIES_MAX } from "./limits.js";
import type { MediaFile, UploadProgress } from "./media-api.js";
import { type MediaFault, ScriptedMedia } from "../testing/scripted-media.js";
import * as files from "./late-files.js";
import type { Loaders } from "./loaders.js";
import { Upload } from "./upload.js";

const BYTES = Uint8Array.from({ length: 105 }, (_, index) => index + 1);
const FILE: MediaFile = { name: "a.png", type: "image/png", content: BYTES };
const ID = "1".padStart(32, "0");
const HOUR_MS = 3_600_000;

interface Bench {
  readonly time: ManualTime;
  readonly server: ScriptedMedia;
  readonly upload: (file?: MediaFile, mediaId?: string) => Upload;
  /** How the next tries come to their code; those behind them have it. */
  readonly loads: (() => Promise<never>)[];
}

function createBench(): Bench {
  const time = new ManualTime();
  const server = new ScriptedMedia();
  const ambient = manualAmbient(time);
  const loads: Bench["loads"] = [];
  const load: Loaders["files"] = () => loads.shift()?.() ?? files;
  const parts = { http: server.http, url: "https://test", token: "secret", ambient, load };
  return {
    time,
    server,
    loads,
    upload: (file = FILE, mediaId) => new Upload(parts, file, mediaId as Upload["mediaId"]),
  };
}

function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(() => "done", failureCode);
}

describe("an upload", () => {
  it("is begun, appended in chunks, completed, with the token in the header", async () => {
    const { time, server, upload } = createBench();
    const one = upload();
    const seen: UploadProgress[] = [];
    one.onProgress((progress) => seen.push(progress));
    const info = await time.run(one.done);
    assert.deepEqual(info, {
      mediaId: ID,
      kind: "image",
      name: "a.png",
      type: "image/png",
      bytes: 105,
      width: 3,
      height: 2,
      hasThumbnail: true,
    });
    assert.deepEqual(server.uploads.get(ID)?.stored, BYTES);
    assert.deepEqual(server.arrived, [
      "POST ",
      `PATCH /${ID} 0`,
      `PATCH /${ID} 40`,
      `PATCH /${ID} 80`,
      `POST /${ID}/complete`,
    ]);
    assert.deepEqual([...server.tokens], ["Bearer secret"]);
    assert.deepEqual(
      seen.map(({ state, sentBytes }) => `${state} ${sentBytes}`),
      ["uploading 0", "uploading 40", "uploading 80", "uploading 105", "done 105"],
    );
    assert.deepEqual([one.progress.state, one.mediaId, time.waiting], ["done", ID, 0]);
  });

  it("reads a file piece by piece", async () => {
    const { time, server, upload } = createBench();
    const blob = new Blob([BYTES]);
    await time.run(upload({ ...FILE, content: blob }).done);
    assert.deepEqual(server.uploads.get(ID)?.stored, BYTES);
  });

  it("arrives whole over any line that works now and then, and its progress never goes back", async () => {
    const faults = fc.array(fc.constantFrom<MediaFault>("answer", "lost", "unanswered", "cut", "busy"), {
      maxLength: UPLOAD_TRIES_MAX - 2,
    });
    await fc.assert(
      fc.asyncProperty(faults, async (script) => {
        const { time, server, upload } = createBench();
        server.faults = [...script];
        const one = upload();
        let before = 0;
        one.onProgress(({ sentBytes }) => {
          assert.ok(sentBytes >= before);
          before = sentBytes;
        });
        const { mediaId } = await time.run(one.done, HOUR_MS);
        assert.deepEqual(server.uploads.get(mediaId)?.stored, BYTES);
      }),
    );
  });

  it("that makes no progress ends; every byte begins the count anew", async () => {
    const { time, server, upload } = createBench();
    server.faults = Array.from({ length: UPLOAD_TRIES_MAX }, () => "lost");
    assert.equal(await time.run(codeOf(upload().done), HOUR_MS), "unavailable");
    const nearly = (): MediaFault[] => Array.from({ length: UPLOAD_TRIES_MAX - 1 }, () => "lost");
    // Begun, and one chunk stored, in the midst of nearly too many losses each time; what is asked for is the offset.
    server.faults = ["answer", ...nearly(), "answer", "answer", ...nearly()];
    const one = upload();
    assert.equal(await time.run(codeOf(one.done), HOUR_MS), "done");
  });

  it("that is refused for good ends at once", async () => {
    for (const code of ["media-too-large", "session-invalid", "media-refused", "bad-request"]) {
      const { time, server, upload } = createBench();
      server.refusal = { status: 400, code };
      const one = upload();
      assert.deepEqual([await time.run(codeOf(one.done)), one.progress.state], [code, "failed"]);
    }
  });

  it("waits when the server never answers, and goes on", async () => {
    const { time, server, upload } = createBench();
    server.isSilent = true;
    const one = upload();
    await time.advance(HTTP_TIMEOUT_MS);
    const waiting = one.progress.state;
    server.isSilent = false;
    await time.run(one.done, HOUR_MS);
    assert.deepEqual([waiting, one.progress.state], ["waiting", "done"]);
  });

  it("goes on with one of before, and is told when the server has it no more", async () => {
    const { time, server, upload } = createBench();
    server.faults = ["answer", "answer"];
    const first = upload();
    first.onProgress(({ sentBytes }) => void (sentBytes === 40 && first.stop()));
    assert.equal(await time.run(codeOf(first.done)), "unavailable");
    assert.ok(server.uploads.has(ID), "what is stored stays");
    server.arrived.length = 0;
    await time.run(upload(FILE, first.mediaId).done);
    assert.deepEqual(server.arrived.slice(0, 2), [`HEAD /${ID}`, `PATCH /${ID} 40`]);
    server.uploads.clear();
    assert.equal(await time.run(codeOf(upload(FILE, ID).done)), "media-unknown");
  });

  it("that is cancelled ends at once, wherever it is, and what is stored goes", async () => {
    for (const at of [0, 40, 105]) {
      const { time, server, upload } = createBench();
      const one = upload();
      one.onProgress(
        ({ sentBytes, state }) => void (state === "uploading" && sentBytes === at && one.cancel()),
      );
      const code = await time.run(codeOf(one.done));
      await time.settle();
      assert.deepEqual([code, one.progress.state, server.uploads.size], ["upload-cancelled", "cancelled", 0]);
    }
    const { time, server, upload } = createBench();
    server.isSilent = true;
    const silent = upload();
    await time.advance(10);
    silent.cancel();
    silent.cancel();
    assert.deepEqual([await time.run(codeOf(silent.done)), time.waiting], ["upload-cancelled", 0]);
    const lost = createBench();
    lost.server.faults = Array.from({ length: 3 }, () => "lost");
    const waiting = lost.upload();
    await lost.time.advance(1);
    waiting.cancel();
    assert.deepEqual([await lost.time.run(codeOf(waiting.done)), lost.time.waiting], ["upload-cancelled", 0]);
  });

  it("waits for its code as for the server", async () => {
    const { time, server, upload, loads } = createBench();
    const lost = (): Promise<never> =>
      Promise.reject(new Failure("unavailable", "It cannot be fetched.", { retry: "same" }));
    loads.push(lost, lost);
    const one = upload();
    await time.settle();
    assert.deepEqual([one.progress.state, server.arrived], ["waiting", []]);
    one.wake();
    await time.run(one.done);
    assert.deepEqual(server.uploads.get(ID)?.stored, BYTES);
    loads.push(lost);
    const cancelled = upload();
    cancelled.cancel();
    const code = await time.run(codeOf(cancelled.done));
    assert.deepEqual([code, cancelled.progress.state, time.waiting], ["upload-cancelled", "cancelled", 0]);
  });
});
