/**
 * Goal: a file is claimed before its message is in the log and told afterwards what became of it; and the order of a device's
 * sends is that of its calls, whatever claims take.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MediaClaim, MediaClaims, MediaInfo, SendRequest, SendResult, Session } from "@parley/contracts";
import { Failure, sleep } from "@parley/base";
import type { ManualTime } from "@parley/base/testing";
import {
  Body,
  type ConversationId,
  MediaBody,
  type MediaId,
  TEXT_BYTES_MAX,
  type UserId,
  filled,
  mediaOf,
  textBody,
} from "@parley/protocol";
import * as fc from "fast-check";
import { SENDS_WAITING_MAX } from "./send-order.js";
import { MessageBench, sending } from "./testing/message-bench.js";

const FOUND: Omit<MediaInfo, "mediaId"> = {
  kind: "image",
  name: "a.png",
  type: "image/png",
  bytes: 300,
  width: 30,
  height: 20,
  hasThumbnail: true,
};
const MISSING = idOf(999);

function idOf(number: number): MediaId {
  return number.toString(16).padStart(32, "0") as MediaId;
}

/** Claims that take as long as the number of the file says, and are refused for one that is missing. */
class SlowClaims implements MediaClaims {
  readonly claimed: string[] = [];
  readonly settled: string[] = [];
  readonly gone = new Set<MediaId>([MISSING]);
  time: ManualTime | undefined;

  async claim(session: Session, { mediaId, after, isForward }: MediaClaim): Promise<MediaInfo> {
    const how = isForward ? " forwarded" : "";
    this.claimed.push(`${session.userId} ${Number.parseInt(mediaId, 16)} after ${after}${how}`);
    const delayMs = Number.parseInt(mediaId.slice(-2), 16);
    if (delayMs > 0) await sleep(this.time!, delayMs);
    if (this.gone.has(mediaId))
      throw new Failure("media-unknown", "There is none.", { retry: "after-change" });
    return { mediaId, ...FOUND };
  }

  settle(_session: Session, { mediaId }: MediaClaim, sequence: number | undefined): void {
    this.settled.push(`${Number.parseInt(mediaId, 16)} at ${sequence}`);
  }
}

function benchWithClaims(): { bench: MessageBench; claims: SlowClaims } {
  const claims = new SlowClaims();
  const bench = new MessageBench({ media: claims });
  claims.time = bench.time;
  return { bench, claims };
}

function file(mediaId: MediaId, more: Partial<MediaBody> = {}): Body {
  return filled(Body, { media: filled(MediaBody, { mediaId, ...more }) });
}

function fileSending(conversationId: ConversationId, number: number, mediaId: MediaId): SendRequest {
  return { ...sending(conversationId, number), body: file(mediaId) };
}

describe("a send with a file", () => {
  it("says of the file what the server found, and what only the sender knows", async () => {
    const { bench, claims } = benchWithClaims();
    const group = await bench.group("ann", "bob");
    const lies = {
      name: "x",
      type: "text/html",
      kind: "video",
      bytes: 1,
      width: 9,
      height: 9,
      hasThumbnail: false,
    };
    const body = file(idOf(0), { ...lies, durationMs: 5, caption: "Look" });
    const request = { ...sending(group, 1), body };
    const { sequence } = await bench.run(bench.message.send(bench.session("ann"), request));
    const sent = (await bench.history(bench.session("bob"), group)).find(
      (each) => each.sequence === sequence,
    );
    assert.deepEqual(
      [sent?.body, claims.claimed, claims.settled],
      [
        filled(Body, { media: { mediaId: idOf(0), ...FOUND, durationMs: 5, caption: "Look" } }),
        ["ann 0 after 1"],
        ["0 at 2"],
      ],
    );
  });

  it("is refused with its file, and what comes behind it is told where to go on", async () => {
    const { bench, claims } = benchWithClaims();
    const group = await bench.group("ann", "bob");
    const ann = bench.session("ann");
    const both = [bench.message.send(ann, fileSending(group, 1, MISSING)), bench.send(ann, group, 2)];
    const codes = await Promise.all(both.map((each) => bench.codeOf(each)));
    assert.deepEqual([codes, claims.settled], [["media-unknown", "too-early"], []]);
  });

  it("tells that it was refused by the machine", async () => {
    const { bench, claims } = benchWithClaims();
    const group = await bench.group("ann", "bob");
    const refused = await bench.codeOf(
      bench.message.send(bench.session("ann"), fileSending(group, 5, idOf(1))),
    );
    assert.deepEqual([refused, claims.settled], ["too-early", ["1 at undefined"]]);
  });

  it("that is repeated is the one before, also when its file is gone since", async () => {
    const { bench, claims } = benchWithClaims();
    const group = await bench.group("ann", "bob");
    const ann = bench.session("ann");
    const request = fileSending(group, 1, idOf(1));
    // The second is asked for before the first is in the log.
    const [first, second] = await bench.run(
      Promise.all([bench.message.send(ann, request), bench.message.send(ann, request)]),
    );
    const { length } = claims.claimed;
    const third = await bench.run(bench.message.send(ann, { ...request, body: file(MISSING) }));
    assert.deepEqual(
      [second, third, claims.claimed.length - length, claims.settled],
      [first, first, 1, ["1 at 2", "1 at undefined"]],
    );
  });

  it("whose outcome is not known says nothing of it; one that was surely not stored does", async () => {
    const { bench, claims } = benchWithClaims();
    const group = await bench.group("ann", "bob");
    const ann = bench.session("ann");
    bench.life.log.refusal = new Failure("log-failed", "The disk failed.");
    const unknown = await bench.codeOf(bench.message.send(ann, fileSending(group, 1, idOf(1))));
    const after = [...claims.settled];
    bench.life.log.refusal = new Failure("log-full", "The disk is full.");
    const full = await bench.codeOf(bench.message.send(ann, fileSending(group, 1, idOf(1))));
    assert.deepEqual(
      [unknown, after, full, claims.settled],
      ["outcome-unknown", [], "storage-full", ["1 at undefined"]],
    );
  });

  it("is refused where there are no files, and for what is none", async () => {
    const none = new MessageBench();
    const { bench } = benchWithClaims();
    const codes = [];
    for (const [each, body] of [
      [none, file(idOf(0))],
      [bench, file("../../etc/passwd" as MediaId)],
      [bench, file("" as MediaId)],
      [bench, { ...file(idOf(0)), text: { text: "hi" } }],
      [
        bench,
        {
          ...file(idOf(0)),
          notice: { code: "joined", actorId: "ann" as UserId, userIds: [], text: "", untilMs: 0 },
        },
      ],
      [bench, file(idOf(0), { caption: "c".repeat(TEXT_BYTES_MAX + 1) })],
      [bench, file(idOf(0), { durationMs: Number.MAX_SAFE_INTEGER })],
      [bench, file(idOf(0), { caption: "c".repeat(TEXT_BYTES_MAX) })],
    ] as const) {
      const group = await each.group("ann", "bob");
      const request = { ...sending(group, 1), body };
      codes.push(await each.codeOf(each.message.send(each.session("ann"), request)));
    }
    const bad = "bad-request";
    assert.deepEqual(codes, [bad, bad, bad, bad, bad, "message-too-large", bad, "ok"]);
  });

  it("is passed on by whoever sees it, alone or merged, and claimed for each message", async () => {
    const { bench, claims } = benchWithClaims();
    const group = await bench.group("ann", "bob");
    const other = await bench.group("bob", "cy");
    const ann = bench.session("ann");
    const bob = bench.session("bob");
    for (const number of [1, 2])
      await bench.run(bench.message.send(ann, fileSending(group, number, idOf(number))));
    await bench.run(bench.send(ann, group, 3));
    claims.claimed.length = 0;
    claims.settled.length = 0;
    const pass = (number: number, sequences: readonly number[], isMerged: boolean): Promise<SendResult> => {
      const forward = { conversationId: group, sequences, isMerged, title: "" };
      return bench.message.send(bob, { ...sending(other, number), body: undefined, forward });
    };
    await bench.run(pass(1, [2], false));
    await bench.run(pass(2, [2, 3, 4], true));
    const refused = await bench.codeOf(
      bench.message.send(bench.session("cy"), {
        ...sending(other, 1),
        body: undefined,
        forward: { conversationId: group, sequences: [2], isMerged: false, title: "" },
      }),
    );
    const sent = (await bench.history(bench.session("cy"), other)).map(({ body }) =>
      mediaOf(body).map(({ mediaId }) => mediaId),
    );
    assert.deepEqual(
      [claims.claimed, claims.settled, refused, sent.slice(1)],
      [
        ["bob 1 after 1 forwarded", "bob 1 after 2 forwarded", "bob 2 after 2 forwarded"],
        ["1 at 2", "1 at 3", "2 at 3"],
        "message-unknown",
        [[idOf(1)], [idOf(1), idOf(2)]],
      ],
    );
  });

  it("lets go of the others when one of several is gone", async () => {
    const { bench, claims } = benchWithClaims();
    const group = await bench.group("ann", "bob");
    const ann = bench.session("ann");
    for (const number of [1, 2])
      await bench.run(bench.message.send(ann, fileSending(group, number, idOf(number))));
    claims.settled.length = 0;
    claims.gone.add(idOf(2));
    const forward = { conversationId: group, sequences: [2, 3], isMerged: true, title: "" };
    const code = await bench.codeOf(
      bench.message.send(ann, { ...sending(group, 3), body: undefined, forward }),
    );
    assert.deepEqual([code, claims.settled], ["media-unknown", ["1 at undefined"]]);
  });

  it("cannot be edited into, nor out of", async () => {
    const { bench } = benchWithClaims();
    const group = await bench.group("ann", "bob");
    const ann = bench.session("ann");
    await bench.run(bench.message.send(ann, fileSending(group, 1, idOf(0))));
    await bench.run(bench.send(ann, group, 2));
    const edit = (sequence: number, body: Body): Promise<string> =>
      bench.codeOf(bench.message.edit(ann, { conversationId: group, sequence, body }));
    assert.deepEqual(
      [await edit(2, textBody("out")), await edit(3, file(idOf(1)))],
      ["not-allowed", "bad-request"],
    );
  });
});

describe("the order of sends", () => {
  it("of one device is that of the calls, whatever claims take", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.nat({ max: 60 })), { minLength: 1, maxLength: 16 }),
        async (delays) => {
          const { bench } = benchWithClaims();
          const group = await bench.group("ann", "bob");
          const ann = bench.session("ann");
          const sends = delays.map((delayMs, index): Promise<SendResult> =>
            delayMs === null
              ? bench.send(ann, group, index + 1)
              : bench.message.send(ann, fileSending(group, index + 1, idOf(delayMs))),
          );
          const places = (await bench.run(Promise.all(sends))).map(({ sequence }) => sequence);
          assert.deepEqual(
            places,
            delays.map((_, index) => index + 2),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("holds up no other device and no other conversation", async () => {
    const { bench } = benchWithClaims();
    const group = await bench.group("ann", "bob");
    const other = await bench.group("ann", "cy");
    const ann = bench.session("ann");
    const slow = bench.message.send(ann, fileSending(group, 1, idOf(0xff)));
    let isDone = false;
    slow.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    await bench.run(bench.send(bench.session("bob"), group, 1));
    await bench.run(bench.send(bench.session("ann", { device: "ann-pad" }), group, 1));
    await bench.run(bench.send(ann, other, 1));
    const before = isDone;
    await bench.run(slow);
    assert.deepEqual([before, isDone], [false, true]);
  });

  it("has room for so many that wait, and the next is refused", async () => {
    const { bench } = benchWithClaims();
    const group = await bench.group("ann", "bob");
    const ann = bench.session("ann");
    const waiting = [bench.message.send(ann, fileSending(group, 1, idOf(0xff)))];
    for (let number = 2; number <= SENDS_WAITING_MAX; number++) waiting.push(bench.send(ann, group, number));
    const refused = await bench.codeOf(bench.send(ann, group, SENDS_WAITING_MAX + 1));
    const sent = await bench.run(Promise.all(waiting));
    const after = await bench.codeOf(bench.send(ann, group, SENDS_WAITING_MAX + 1));
    assert.deepEqual(
      [refused, sent.at(-1)?.sequence, after],
      ["too-many-requests", SENDS_WAITING_MAX + 1, "ok"],
    );
  });
});
