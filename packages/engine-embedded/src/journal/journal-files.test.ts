import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SimulatedDisk, failOnce } from "../simulation/simulated-disk.js";
import { bytes, openOn, outcome, segment, texts } from "../testing/journal-fixture.js";
import { decodeHeader } from "./record-format.js";
import { checkSegment, headerWithoutTrims } from "./segment-copy.js";

/** A new segment after every commit. */
const TINY = { segmentBytes: 1 };

describe("a held journal", () => {
  it("keeps every segment there is until it is let go, and then removes them with the next trim", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk, TINY);
    for (const text of ["a", "b", "c"]) await alpha.append(0, bytes(text));
    const hold = await journal.files.hold();
    // Waits for the segment that the last commit has filled.
    await journal.files.roll();
    await alpha.trim(0, 2);
    const kept = [disk.paths()];
    hold.moveTo(2);
    await alpha.trim(0, 3);
    kept.push(disk.paths());
    hold.release();
    await alpha.append(0, bytes("d"));
    await journal.files.roll();
    await alpha.trim(0, 4);
    kept.push(disk.paths());
    const all = [1, 2, 3, 4].map(segment);
    assert.deepEqual(kept, [all, all.slice(1), [segment(5)]]);
  });

  it("begins behind a segment that is on its way out", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk, TINY);
    for (const text of ["a", "b", "c"]) await alpha.append(0, bytes(text));
    disk.latency = () => new Promise(setImmediate);
    const trimming = alpha.trim(0, 3);
    const hold = await journal.files.hold();
    await trimming;
    assert.deepEqual(disk.paths()[0], segment(hold.segment));
  });
});

describe("the durable end of a journal", () => {
  it("is where the last answered commit ends, never within one that is on its way", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha, beta } = await openOn(disk);
    const began = journal.files.durableEnd();
    const seen: unknown[] = [];
    disk.latency = () => {
      seen.push(journal.files.durableEnd());
      return Promise.resolve();
    };
    await Promise.all([alpha.append(0, bytes("a")), beta.append(0, bytes("b"))]);
    const content = disk.content(segment(1));
    assert.deepEqual(
      [seen.every((end) => JSON.stringify(end) === JSON.stringify(began)), journal.files.durableEnd()],
      [true, { segment: 1, bytes: content.length, commit: 1, ends: [[1, 0], [1]] }],
    );
  });

  it("is the end of the list and what can be read", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk);
    await alpha.append(0, bytes("a"));
    await journal.files.roll();
    await alpha.append(0, bytes("b"));
    const contents = [1, 2].map((number) => disk.content(segment(number)));
    const list = await journal.files.list();
    assert.deepEqual(
      [list, await journal.files.read(2, 5, 7)],
      [
        contents.map((content, index) => ({ segment: index + 1, bytes: content.length })),
        contents[1]!.subarray(5, 12),
      ],
    );
  });
});

describe("rolling a journal", () => {
  it("begins a segment between two commits, and not when the active one is empty", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk);
    await journal.files.roll();
    const appended = alpha.append(0, bytes("a"));
    await appended;
    await Promise.all([journal.files.roll(), alpha.append(0, bytes("b")), journal.files.roll()]);
    await journal.close();
    const again = await openOn(disk);
    assert.deepEqual(
      [again.journal.stats().segments, await texts(again.alpha, 0)],
      [disk.paths().length, ["a", "b"]],
    );
    assert.ok(disk.paths().length > 1);
  });

  it("on a full disk leaves all as it is", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk);
    await alpha.append(0, bytes("a"));
    disk.faults = failOnce("create", { code: "ENOSPC" });
    await journal.files.roll();
    await alpha.append(0, bytes("b"));
    assert.deepEqual(disk.paths(), [segment(1)]);
  });

  it("that fails is the end of the journal", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha, fatal } = await openOn(disk);
    await alpha.append(0, bytes("a"));
    disk.faults = failOnce("sync", { code: "EIO" });
    const codes = [await outcome(journal.files.roll()), await outcome(alpha.append(0, bytes("b")))];
    assert.deepEqual([codes, fatal.length], [["log-failed", "log-failed"], 1]);
  });
});

describe("a copied segment", () => {
  it("with a header that tells of no trims opens with all its records, in place", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk);
    for (const text of ["a", "b"]) await alpha.append(0, bytes(text));
    await alpha.trim(0, 2);
    await journal.files.roll();
    await alpha.append(0, bytes("c"));
    await journal.close();
    const told = decodeHeader(disk.content(segment(2)))!.header;
    for (const number of [1, 2]) {
      const header = headerWithoutTrims(disk.content(segment(number)))!;
      disk.overwrite(segment(number), 0, header);
    }
    const again = await openOn(disk);
    assert.deepEqual(
      [told.logs[0]!.partitions[0]!.first, again.alpha.firstOffset(0), await texts(again.alpha, 0)],
      [2, 0, ["a", "b", "c"]],
    );
  });

  it("is checked record by record, and damage is named", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha, beta } = await openOn(disk);
    await alpha.append(1, bytes("a"));
    await Promise.all([
      alpha.append(1, bytes("b")),
      beta.append(0, bytes("c"), { producer: "p", position: 1 }),
    ]);
    await journal.close();
    const place = { path: segment(1), segment: 1, isLast: false };
    const commits: unknown[] = [];
    const content = disk.content(segment(1));
    const checked = checkSegment(content, place, ({ commit, records }) => commits.push([commit, records]));
    assert.deepEqual(
      [checked.commit, checked.end, checked.records, checked.ends, commits],
      [
        2,
        content.length,
        3,
        [[0, 2], [1]],
        [
          [1, [{ logIndex: 0, partition: 1, offset: 0 }]],
          [
            2,
            [
              { logIndex: 0, partition: 1, offset: 1 },
              { logIndex: 1, partition: 0, offset: 0 },
            ],
          ],
        ],
      ],
    );
    for (let position = 0; position < content.length; position++) {
      const damaged = Buffer.from(content);
      damaged[position]! ^= 0x10;
      assert.throws(() => checkSegment(damaged, place), /is damaged at byte|has format/);
    }
  });
});
