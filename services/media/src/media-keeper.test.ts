/**
 * Goal: what a message shows is never removed, and what nobody needs goes.
 *
 * Method: a file of every kind of use, a walk at every age; then runs of random work in which the process ends after every write.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failureCode } from "@parley/base";
import { Body, filled, MediaBody, type MediaId, type MessageId } from "@parley/protocol";
import type { Tables } from "@parley/tables";
import * as fc from "fast-check";
import { UNSENT_MS } from "./media-keeper.js";
import { MEDIA_REFERENCE } from "./media-rows.js";
import { GROUP, MediaBench, partOf, sessionOf } from "./testing/media-bench.js";

const ann = sessionOf("ann");
const BYTES = Uint8Array.from({ length: 300 }, (_, index) => index % 241);
const AT_ONCE = { isGentle: false };

async function idsIn(bench: MediaBench): Promise<Set<string>> {
  const names = [...bench.parts.parts.keys()].map((name) => name.slice(0, 32));
  return new Set(names);
}

describe("the collector of files", () => {
  it("removes uploads that were not completed in a day, and files that were not sent in a day", async () => {
    const bench = new MediaBench();
    const { mediaId: open } = await bench.service.createUpload(ann, { bytes: 300, name: "", type: "" });
    await bench.service.appendUpload(ann, open, partOf(0, [BYTES.subarray(0, 200)]));
    const unsent = await bench.upload(ann, BYTES);
    await bench.time.advance(UNSENT_MS);
    const early = await bench.keeper.run(AT_ONCE);
    await bench.time.advance(1);
    const late = await bench.keeper.run(AT_ONCE);
    assert.deepEqual(
      [
        early.files,
        early.unfinished,
        early.unsent,
        late.files,
        late.unfinished,
        late.unsent,
        late.freedBytes,
      ],
      [2, 0, 0, 0, 1, 1, 600],
    );
    assert.equal(bench.parts.parts.size, 0);
    const codes = [];
    for (const id of [open, unsent])
      codes.push(await bench.service.uploadStatus(ann, id).then(() => "there", failureCode));
    // What was under way does not count against its owner any more.
    assert.deepEqual(codes, ["media-unknown", "media-unknown"]);
  });

  it("keeps what a message shows, and removes it when none does", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES);
    await bench.send(ann, mediaId, 1);
    await bench.send(ann, mediaId, 2);
    await bench.time.advance(10 * UNSENT_MS);
    const kept = await bench.keeper.run(AT_ONCE);
    bench.recall(1);
    const half = await bench.keeper.run(AT_ONCE);
    bench.recall(2);
    const gone = await bench.keeper.run(AT_ONCE);
    assert.deepEqual(
      [kept.files, half.files, half.unshown, gone.files, gone.unshown, bench.parts.parts.size],
      [1, 1, 0, 0, 1, 0],
    );
    const references = await bench.tables.scanTable({ table: MEDIA_REFERENCE, limit: 10 });
    assert.deepEqual(references, []);
  });

  it("leaves alone what is on its way into a message, and finds out what became of it after the process has ended", async () => {
    const bench = new MediaBench();
    const placed = await bench.upload(ann, BYTES);
    const refused = await bench.upload(ann, BYTES);
    for (const [mediaId, sequence] of [
      [placed, 1],
      [refused, 2],
    ] as const) {
      const messageId = `M${sequence}` as MessageId;
      await bench.claims.claim(ann, {
        mediaId,
        conversationId: GROUP,
        messageId,
        after: 0,
        isForward: false,
      });
    }
    await bench.time.advance(2 * UNSENT_MS);
    const onTheirWay = await bench.keeper.run(AT_ONCE);
    bench.put(1, filled(Body, { media: filled(MediaBody, { mediaId: placed }) }));
    bench.restart();
    const found = await bench.keeper.run(AT_ONCE);
    bench.recall(1);
    const after = await bench.keeper.run(AT_ONCE);
    assert.deepEqual(
      [onTheirWay.files, found.files, found.unsent, after.files, after.unshown],
      [2, 1, 1, 0, 1],
    );
  });

  it("forgets a message that was refused", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES);
    const claim = {
      mediaId,
      conversationId: GROUP,
      messageId: "M1" as MessageId,
      after: 0,
      isForward: false,
    };
    await bench.claims.claim(ann, claim);
    bench.claims.settle(ann, claim, undefined);
    await bench.claims.settled();
    const references = await bench.tables.scanTable({ table: MEDIA_REFERENCE, limit: 10 });
    assert.deepEqual([references, (await bench.keeper.run(AT_ONCE)).files], [[], 1]);
  });

  it("keeps what cannot be told", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES);
    await bench.send(ann, mediaId, 1);
    bench.recall(1);
    bench.unreadable = "M1";
    const report = await bench.keeper.run(AT_ONCE);
    assert.deepEqual([report.files, report.undecided, bench.logger.warnings], [1, 1, ["media-undecided"]]);
  });

  it("removes parts that no row knows, of other tenants too, and nothing else", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES);
    await bench.send(ann, mediaId, 1);
    const own = bench.parts.parts.size;
    for (const stray of [
      `${"e".repeat(32)}.000000.main`,
      `${"e".repeat(32)}-thumbnail.000000.main`,
      `${mediaId}.000000.other`,
      "lost+found",
    ])
      bench.parts.parts.set(stray, new Uint8Array(10));
    const report = await bench.keeper.run(AT_ONCE);
    assert.deepEqual([report.strayParts, report.freedBytes, bench.parts.parts.size], [3, 30, own + 1]);
  });

  it("removes nothing while it is held", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES);
    await bench.send(ann, mediaId, 1);
    bench.recall(1);
    const held = bench.keeper.hold();
    const walking = bench.keeper.run(AT_ONCE);
    await bench.time.settle();
    const during = bench.parts.parts.size;
    held.release();
    held.release();
    assert.deepEqual([during > 0, (await walking).unshown, bench.parts.parts.size], [true, 1, 0]);
  });

  it("that is held ends when it is stopped", async () => {
    const bench = new MediaBench();
    await bench.upload(ann, BYTES);
    bench.keeper.hold();
    const walking = bench.keeper.run(AT_ONCE).then(() => "done", failureCode);
    const second = await bench.keeper.run(AT_ONCE).then(() => "done", failureCode);
    await bench.keeper.stop();
    assert.deepEqual([second, await walking], ["media-busy", "tables-closed"]);
  });

  it("comes by itself, and again", async () => {
    const bench = new MediaBench();
    const mediaId = await bench.upload(ann, BYTES);
    await bench.send(ann, mediaId, 1);
    bench.keeper.start();
    await bench.time.advance(16 * 60_000);
    const first = bench.keeper.status.last?.files;
    bench.recall(1);
    await bench.time.advance(6 * 60 * 60_000);
    assert.deepEqual([first, bench.keeper.status.last?.unshown], [1, 1]);
    await bench.keeper.stop();
  });
});

/** Ends the process at a write: nothing of it is there, nor of those after it. The log holds a write whole or not at all. */
class EndingTables {
  writesLeft = Infinity;

  over(tables: Tables): Tables {
    return new Proxy(tables, {
      get: (target, name) => {
        if (name !== "write") return (Reflect.get(target, name) as () => unknown).bind(target);
        const write: Tables["write"] = async (batches, options) => {
          this.writesLeft -= 1;
          if (this.writesLeft < 0) throw new Error("the process has ended");
          await target.write(batches, options);
        };
        return write;
      },
    });
  }
}

type Step = "upload" | "send" | "send-refused" | "recall" | "walk" | "day" | "cancel" | "end";
const STEPS: readonly Step[] = [
  "upload",
  "upload",
  "send",
  "send",
  "send-refused",
  "recall",
  "walk",
  "day",
  "cancel",
  "end",
];

it("whatever is done and wherever the process ends, what a message shows can be read", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.nat({ max: 3 })), { maxLength: 30 }),
      async (steps) => {
        const ending = new EndingTables();
        const bench = new MediaBench({ over: (tables) => ending.over(tables) });
        const ids: MediaId[] = [];
        let sequence = 0;
        for (const [step, number] of steps) {
          const mediaId = ids[number % Math.max(1, ids.length)];
          try {
            await take(step, number, mediaId);
          } catch (error) {
            if (!/the process has ended/.test(String(error)) && failureCode(error) === undefined) throw error;
          }
          if (ending.writesLeft < 0) {
            ending.writesLeft = Infinity;
            bench.restart();
          }
          await requireShown(bench);
        }
        ending.writesLeft = Infinity;
        bench.restart();
        await bench.time.advance(2 * UNSENT_MS);
        await bench.keeper.run(AT_ONCE);
        await requireShown(bench);
        const shown = [...bench.messages.values()].flatMap(({ body }) => body?.media?.mediaId ?? []);
        assert.deepEqual(await idsIn(bench), new Set(shown), "and nothing else is kept");

        async function take(step: Step, count: number, mediaId: MediaId | undefined): Promise<void> {
          if (step === "upload") ids.push(await bench.upload(ann, BYTES));
          else if (step === "walk") await bench.keeper.run(AT_ONCE);
          else if (step === "day") await bench.time.advance(UNSENT_MS + 1);
          else if (step === "end") ending.writesLeft = count;
          else if (mediaId === undefined) return;
          else if (step === "cancel") await bench.service.cancelUpload(ann, mediaId);
          else if (step === "send") {
            sequence += 1;
            await bench.send(ann, mediaId, sequence);
          } else if (step === "recall") {
            const sent = [...bench.messages.values()].filter(({ recall }) => recall === undefined);
            if (sent.length > 0) bench.recall(sent[count % sent.length]!.sequence);
          } else {
            const claim = {
              mediaId,
              conversationId: GROUP,
              messageId: "R" as MessageId,
              after: sequence,
              isForward: false,
            };
            await bench.claims.claim(ann, claim);
            bench.claims.settle(ann, claim, undefined);
            await bench.claims.settled();
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});

async function requireShown(bench: MediaBench): Promise<void> {
  for (const { sequence, body } of bench.messages.values()) {
    const mediaId = body?.media?.mediaId;
    if (mediaId === undefined) continue;
    const request = { conversationId: GROUP, sequence, mediaId, isThumbnail: false };
    const content = await bench.service.openOfMessage(ann, request);
    const pieces: Uint8Array[] = [];
    for await (const piece of content.read(0, content.bytes)) pieces.push(piece);
    assert.deepEqual(Buffer.concat(pieces), Buffer.from(BYTES), `message ${sequence}`);
  }
}
