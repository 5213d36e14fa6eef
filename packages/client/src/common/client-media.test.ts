/** Files over the client: sent through the outbox once they are uploaded, read by the message. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failureCode } from "@parley/base";
import { manualAmbient } from "@parley/base/testing";
import { Body, type MediaId, TEXT_BYTES_MAX, filled, textBody } from "@parley/protocol";
import { type ClientBench, createClientBench, GROUP, SELF } from "../testing/client-bench.js";
import { ScriptedMedia } from "../testing/scripted-media.js";
import { createClient, createMemoryStore, type ParleyClient } from "./index.js";
import { DOWNLOAD_PIECE_BYTES, UPLOAD_TRIES_MAX, UPLOADS_MAX } from "./limits.js";
import type { FetchProgress } from "./media-api.js";

const FILE = { name: "a.png", type: "image/png", content: Uint8Array.of(1, 2, 3) };
const ID = "1".padStart(32, "0") as MediaId;
const INFO = { mediaId: ID, kind: "image", name: "a.png", type: "image/png", bytes: 3, width: 3, height: 2 };

async function withMedia(): Promise<ClientBench & { readonly files: ScriptedMedia }> {
  const bench = createClientBench();
  const files = new ScriptedMedia();
  const client = createClient({
    url: "wss://test/v1/ws",
    token: "secret",
    userId: SELF,
    store: createMemoryStore(),
    transport: bench.server,
    ambient: manualAmbient(bench.time),
    http: files.http,
  });
  await client.start();
  await bench.time.run(client.settled(60_000));
  return { ...bench, client, files };
}

function codeOf(task: () => Promise<unknown>): Promise<string | undefined> {
  return Promise.resolve()
    .then(task)
    .then(() => "done", failureCode);
}

describe("a client with files", () => {
  it("sends a message with a file when it is uploaded, with what the server found", async () => {
    const { client, time } = await withMedia();
    await time.run(client.open(GROUP));
    const { upload, message } = client.sendMedia(GROUP, FILE, { caption: "Look", durationMs: 7 });
    const before = client.timeline(GROUP)?.pending.length;
    const { body } = await time.run(message);
    await time.run(client.settled(60_000));
    const media = { ...INFO, hasThumbnail: true, durationMs: 7, caption: "Look" };
    assert.deepEqual(
      [before, upload.progress.state, body, client.timeline(GROUP)?.messages.at(-1)?.body],
      [0, "done", filled(Body, { media }), filled(Body, { media })],
    );
    await client.stop();
  });

  it("sends nothing when the upload fails, is cancelled, or the client stops", async () => {
    const { client, time, files } = await withMedia();
    files.refusal = { status: 413, code: "media-too-large" };
    const refused = await time.run(codeOf(() => client.sendMedia(GROUP, FILE).message));
    files.refusal = undefined;
    files.isSilent = true;
    const cancelled = client.sendMedia(GROUP, FILE);
    cancelled.upload.cancel();
    const stopped = client.sendMedia(GROUP, FILE);
    await client.stop();
    assert.deepEqual(
      [refused, await codeOf(() => cancelled.message), await codeOf(() => stopped.message)],
      ["media-too-large", "upload-cancelled", "unavailable"],
    );
  });

  it("reads the file of a message, with the token in the header and never in the address", async () => {
    const { client, time, files } = await withMedia();
    files.file = Uint8Array.of(9, 8, 7);
    const media = { ...INFO, hasThumbnail: true, durationMs: 0, caption: "" };
    const message = { conversationId: GROUP, sequence: 5, body: filled(Body, { media }) };
    const fetched = await time.run(client.fetchMedia(message, { isThumbnail: true }));
    const url = `https://test/v1/conversations/g%3Aone/messages/5/media/${ID}`;
    assert.deepEqual(
      [fetched, client.mediaUrl(message), client.mediaUrl(message, { isThumbnail: true }), [...files.tokens]],
      [{ type: "image/png", bytes: files.file }, url, `${url}?thumbnail=1`, ["Bearer secret"]],
    );
    files.refusal = { status: 410, code: "message-recalled" };
    const recalled = await time.run(codeOf(() => client.fetchMedia(message)));
    files.refusal = undefined;
    files.faults = ["lost"];
    const lost = await time.run(codeOf(() => client.fetchMedia(message)));
    const none = await codeOf(() => client.fetchMedia({ ...message, body: textBody("hi") }));
    assert.deepEqual([recalled, lost, none], ["message-recalled", "unavailable", "bad-request"]);
    await client.stop();
  });

  it("reads a long file in pieces, tells how far it is, and ends when it is not wanted any more", async () => {
    const { client, time, files } = await withMedia();
    files.file = new Uint8Array(2 * DOWNLOAD_PIECE_BYTES + 5).map((_, index) => index % 251);
    const media = { ...INFO, hasThumbnail: true, durationMs: 0, caption: "" };
    const message = { conversationId: GROUP, sequence: 5, body: filled(Body, { media }) };
    const told: number[] = [];
    const signal = { aborted: false };
    const onProgress = ({ receivedBytes, bytes }: FetchProgress): void => {
      told.push(bytes - receivedBytes);
      signal.aborted = told.length === 4;
    };
    const whole = await time.run(client.fetchMedia(message, { onProgress, signal }));
    const ended = await time.run(codeOf(() => client.fetchMedia(message, { onProgress, signal })));
    files.isWithoutRanges = true;
    const atOnce = await time.run(client.fetchMedia(message));
    files.isWithoutRanges = false;
    files.file = new Uint8Array(0);
    const none = await time.run(codeOf(() => client.fetchMedia(message)));
    assert.deepEqual(
      [Buffer.compare(whole.bytes, atOnce.bytes), whole.bytes.length, told, ended, none],
      [
        0,
        2 * DOWNLOAD_PIECE_BYTES + 5,
        [DOWNLOAD_PIECE_BYTES + 5, 5, 0, DOWNLOAD_PIECE_BYTES + 5],
        "download-cancelled",
        "malformed",
      ],
    );
    await client.stop();
  });

  it("goes on with an upload as soon as there is a connection again", async () => {
    const { client, time, files, server } = await withMedia();
    files.faults = Array.from({ length: UPLOAD_TRIES_MAX - 2 }, () => "lost");
    const { done, progress } = client.uploadMedia(FILE);
    while (files.faults.length > 0) await time.advance(100);
    const lostMs = time.monotonicMs();
    server.cut();
    await time.run(done);
    assert.deepEqual([progress.state, time.monotonicMs() - lostMs < 1_000], ["uploading", true]);
    await client.stop();
  });

  it("has so many uploads at a time, and refuses what the server would", async () => {
    const { client, files } = await withMedia();
    files.isSilent = true;
    for (let count = 0; count < UPLOADS_MAX; count++) client.uploadMedia(FILE);
    const full = await codeOf(async () => client.uploadMedia(FILE));
    const long = await codeOf(async () =>
      client.sendMedia(GROUP, FILE, { caption: "c".repeat(TEXT_BYTES_MAX + 1) }),
    );
    await client.stop();
    assert.deepEqual([full, long], ["too-many-requests", "message-too-large"]);
  });

  it("says so where there is no HTTP", async () => {
    const bench = createClientBench();
    await bench.begin();
    const { client }: { client: ParleyClient } = bench;
    assert.equal(await codeOf(async () => client.uploadMedia(FILE)), "unavailable");
    await client.stop();
  });
});
