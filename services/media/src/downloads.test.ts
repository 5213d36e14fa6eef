/** Who may read a file is what the message says now: nothing is remembered. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failureCode } from "@parley/base";
import { type ConversationId, type MediaId, textBody } from "@parley/protocol";
import { GROUP, MediaBench, sessionOf } from "./testing/media-bench.js";

const ann = sessionOf("ann");
const bob = sessionOf("bob");
const eve = sessionOf("eve");
const BYTES = Uint8Array.from({ length: 300 }, (_, index) => index % 241);

function open(
  bench: MediaBench,
  session: typeof ann,
  what: { sequence?: number; mediaId: MediaId; conversationId?: ConversationId; isThumbnail?: boolean },
): Promise<string | undefined> {
  const request = { conversationId: GROUP, sequence: 1, isThumbnail: false, ...what };
  return bench.service.openOfMessage(session, request).then(() => "open", failureCode);
}

describe("a file of a message", () => {
  it("is read by those who see the message, as it is asked for", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES, { name: "b.txt", type: "text/plain" });
    await bench.send(ann, mediaId, 1);
    const content = await bench.service.openOfMessage(bob, {
      conversationId: GROUP,
      sequence: 1,
      mediaId,
      isThumbnail: false,
    });
    const pieces: Uint8Array[] = [];
    for await (const piece of content.read(100, 250)) pieces.push(piece);
    assert.deepEqual(Buffer.concat(pieces), Buffer.from(BYTES.subarray(100, 250)));
    const { type, name, bytes, isInline } = content;
    assert.deepEqual([type, name, bytes, isInline], ["application/octet-stream", "b.txt", 300, false]);
  });

  it("is refused to everybody else, by every other way", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES);
    const other = await bench.upload(ann, BYTES);
    await bench.send(ann, mediaId, 1);
    bench.put(2, textBody(mediaId));
    assert.deepEqual(
      [
        await open(bench, bob, { mediaId }),
        await open(bench, eve, { mediaId }),
        await open(bench, sessionOf("bob", "other"), { mediaId }),
        await open(bench, bob, { mediaId: other }),
        await open(bench, bob, { mediaId, sequence: 2 }),
        await open(bench, bob, { mediaId, sequence: 3 }),
        await open(bench, bob, { mediaId, sequence: 0 }),
        await open(bench, bob, { mediaId, sequence: Number.NaN }),
        await open(bench, bob, { mediaId, sequence: Number.MAX_SAFE_INTEGER }),
        await open(bench, bob, { mediaId, conversationId: "g:other" as ConversationId }),
        await open(bench, bob, { mediaId, isThumbnail: true }),
      ],
      [
        "open",
        "not-a-member",
        "not-a-member",
        "media-unknown",
        "media-unknown",
        "message-unknown",
        "bad-request",
        "bad-request",
        "bad-request",
        "message-unknown",
        "not-found",
      ],
    );
  });

  it("is refused as soon as the message is recalled, or its reader gone", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES);
    await bench.send(ann, mediaId, 1);
    const before = await open(bench, bob, { mediaId });
    bench.members.delete("main/bob");
    const gone = await open(bench, bob, { mediaId });
    bench.recall(1);
    assert.deepEqual(
      [before, gone, await open(bench, ann, { mediaId })],
      ["open", "not-a-member", "message-recalled"],
    );
  });

  it("is its owner's own only until it is sent", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES);
    const own = (): Promise<string | undefined> =>
      bench.service.openUpload(ann, mediaId, { isThumbnail: false }).then(() => "open", failureCode);
    const before = await own();
    await bench.send(ann, mediaId, 1);
    assert.deepEqual([before, await own()], ["open", "media-unknown"]);
  });
});
