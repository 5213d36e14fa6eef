/**
 * What opening makes of a segment that was cut off or damaged.
 *
 * The segment of these tests has commits 1 to 3 of one record each and commit 4 of three records, so a damage may lie
 * before the last commit (something acknowledged is damaged: refused) or in it (perhaps nobody was told: cut off).
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Failure, failureCode } from "@parley/base";

import { DIRECTORY, LOGS, bytes, openOn, outcome, segment, texts } from "../testing/journal-fixture.js";
import { SimulatedDisk } from "../simulation/simulated-disk.js";
import {
  type SegmentHeader,
  decodeHeader,
  encodeHeader,
  finishRecord,
  writeRecord,
} from "./record-format.js";

/** The texts of alpha/0, one list for each number of whole commits. */
const AFTER_COMMITS = [[], ["one"], ["one", "two"], ["one", "two", "three"]];
const COMMITS_IN_FIRST = 3;
const ALL = ["one", "two", "three", "four", "five", "six"];

describe("a torn end", () => {
  it("at any byte is cut off together with its commit, and the journal goes on", async () => {
    const { disk, ends } = await writtenDisk();
    const whole = disk.content(segment(1));
    for (let length = ends[0]!; length < whole.length; length++) {
      const cut = await reopenedWith(whole.subarray(0, length));
      assert.deepEqual(cut, AFTER_COMMITS[commitsBelow(ends, length)], `cut at ${length}`);
    }
    assert.deepEqual(await reopenedWith(whole), ALL);
  });

  it("of zeros or of old bytes is cut off", async () => {
    const { disk, ends } = await writtenDisk();
    const whole = disk.content(segment(1));
    for (const filler of [
      Buffer.alloc(700),
      Buffer.alloc(3),
      Buffer.alloc(700, "old bytes of another file"),
    ]) {
      assert.deepEqual(await reopenedWith(Buffer.concat([whole, filler])), ALL);
      const last = Buffer.concat([whole.subarray(0, ends[3]! + 9), filler]);
      assert.deepEqual(await reopenedWith(last), AFTER_COMMITS[3]);
    }
  });

  it("of which any byte is damaged is cut off", async () => {
    const { disk, ends } = await writtenDisk();
    const whole = disk.content(segment(1));
    for (let place = ends[3]!; place < whole.length; place++) {
      const found = await reopenedWith(flipped(whole, place));
      assert.deepEqual(found, AFTER_COMMITS[3], `damaged at ${place}`);
    }
  });

  it("is cut off on the disk as well, with a warning, before anything new is written", async () => {
    const { disk, ends } = await writtenDisk();
    const torn = new SimulatedDisk();
    torn.put(segment(1), disk.content(segment(1)).subarray(0, ends[3]! + 1));
    const { journal, logger } = await openOn(torn);
    await journal.close();
    torn.losePower(() => false);
    assert.deepEqual([torn.content(segment(1)).length, logger.warnings], [ends[3], ["torn-end-cut"]]);
  });

  it("in a segment that is not the last is damage", async () => {
    const disk = await twoSegments();
    const first = disk.content(segment(1));
    const named: unknown[] = [];
    for (let length = 0; length < first.length; length++) {
      disk.put(segment(1), first.subarray(0, length));
      const failure = await refusal(disk);
      assert.equal(failure.code, "log-corrupt", `cut at ${length}`);
      named.push(failure.details["path"]);
    }
    // At the end of a commit only the header of the next segment tells that something is missing.
    const atEnds = named.filter((path) => path === segment(2));
    assert.deepEqual(
      [atEnds.length, named.length - atEnds.length],
      [COMMITS_IN_FIRST, first.length - COMMITS_IN_FIRST],
    );
  });
});

describe("damage", () => {
  it("of any byte before the last commit is refused, and nothing is changed", async () => {
    const { disk, ends } = await writtenDisk();
    const whole = disk.content(segment(1));
    for (let place = 0; place < ends[3]!; place++) {
      const damaged = new SimulatedDisk();
      damaged.put(segment(1), flipped(whole, place));
      const failure = await refusal(damaged);
      assert.equal(failureCode(failure), "log-corrupt", `damaged at ${place}`);
      assert.deepEqual(damaged.content(segment(1)), flipped(whole, place));
      assert.equal(damaged.openFiles, 0);
    }
  });

  it("is reported with the file, the place of the record, and what to do", async () => {
    const { disk, ends } = await writtenDisk();
    disk.damage(segment(1), ends[1]! + 20);
    const failure = await refusal(disk);
    assert.deepEqual(failure.details, { path: segment(1), position: ends[1] });
    assert.equal(
      failure.message,
      `${segment(1)} is damaged at byte ${ends[1]}: restore the data directory from a backup; nothing was changed.`,
    );
  });

  it("of any byte of a segment that is not the last is refused", async () => {
    const disk = await twoSegments();
    const { length } = disk.content(segment(1));
    for (let place = 0; place < length; place++) {
      const damaged = disk.copy();
      damaged.damage(segment(1), place);
      assert.equal(await outcome(openOn(damaged)), "log-corrupt", `damaged at ${place}`);
    }
  });

  it("that has removed whole commits is refused", async () => {
    const { disk, ends } = await writtenDisk();
    const whole = disk.content(segment(1));
    const without = Buffer.concat([whole.subarray(0, ends[1]), whole.subarray(ends[2])]);
    disk.put(segment(1), without);
    assert.equal(await outcome(openOn(disk)), "log-corrupt");
  });

  it("that has removed a segment is refused by the name of what is missing", async () => {
    const disk = await twoSegments();
    const { journal, alpha } = await openOn(disk, { segmentBytes: 1 });
    await alpha.append(0, bytes("more"));
    await journal.close();
    disk.delete(segment(2));
    const failure = await refusal(disk);
    assert.equal(failureCode(failure), "log-corrupt");
    assert.ok(failure.message.startsWith(`${segment(2)} is missing: restore`));
  });

  it("that has put a segment in the place of another is refused", async () => {
    const disk = await twoSegments();
    disk.put(segment(2), disk.content(segment(1)));
    assert.equal(await outcome(openOn(disk)), "log-corrupt");
  });

  it("that no crc shows, a record in the wrong place or of a partition that is not there, is refused", async () => {
    const codes: string[] = [];
    for (const [commit, logIndex, partition, offset] of [
      [2, 0, 0, 1],
      [2, 0, 0, 0],
      [2, 0, 0, 2],
      [2, 0, 2, 0],
      [2, 2, 0, 0],
      [1, 0, 0, 1],
      [3, 0, 0, 1],
    ] as const) {
      const disk = new SimulatedDisk();
      const { journal, alpha } = await openOn(disk);
      await alpha.append(0, bytes("one"));
      await journal.close();
      const record = Buffer.alloc(100);
      const fields = { logIndex, partition, offset, producer: "", position: 0 };
      const end = writeRecord(record, 0, fields, bytes("x"));
      finishRecord(record, { start: 0, end }, commit, false);
      disk.put(segment(1), Buffer.concat([disk.content(segment(1)), record.subarray(0, end)]));
      codes.push(await outcome(openOn(disk)));
    }
    assert.deepEqual(codes, ["fulfilled", ...Array<string>(6).fill("log-corrupt")]);
  });

  it("that no crc shows, a header that does not fit its name or what is before it, is refused", async () => {
    const original = await twoSegments();
    const { header } = decodeHeader(original.content(segment(2)))!;
    const { header: wrongNext } = decodeHeader(original.content(segment(1)))!;
    const codes: string[] = [];
    for (const changed of [
      header,
      { ...header, commit: header.commit + 1 },
      { ...header, logs: wrongNext.logs },
      { ...header, segment: 3 },
    ]) {
      const disk = original.copy();
      disk.put(segment(2), encodeHeader(changed));
      codes.push(await outcome(openOn(disk)));
    }
    const renamed = new SimulatedDisk();
    renamed.put(segment(7), original.content(segment(1)));
    codes.push(await outcome(openOn(renamed)));
    assert.deepEqual(codes, ["fulfilled", ...Array<string>(4).fill("log-corrupt")]);
  });
});

describe("opening", () => {
  it("refuses a format that it does not know, and other logs, by name", async () => {
    const { disk } = await writtenDisk();
    const { header } = decodeHeader(disk.content(segment(1)))!;
    const newer = new SimulatedDisk();
    newer.put(segment(1), encodeHeader({ ...header, format: 3 } satisfies SegmentHeader));
    const failures = [
      await refusal(newer),
      await refusal(disk, [...LOGS, { name: "gamma", partitionCount: 1 }]),
      await refusal(disk, [{ name: "alpha", partitionCount: 3 }, LOGS[1]]),
    ];
    assert.deepEqual(failures.map(failureCode), Array(3).fill("log-layout-mismatch"));
    assert.ok(failures[0]!.message.includes("format 3") && failures[0]!.message.includes("format 2"));
    assert.ok(failures[1]!.message.includes("alpha:2 beta:1, not alpha:2 beta:1 gamma:1"));
  });

  it("removes what a start or a roll has left half done, and lets other files be", async () => {
    const { disk } = await writtenDisk();
    disk.put(`${segment(2)}.new`, bytes("PARL"));
    disk.put(`${DIRECTORY}/notes.txt`, bytes("of the operator"));
    const { journal, alpha } = await openOn(disk);
    assert.deepEqual([disk.paths(), await texts(alpha, 0)], [[segment(1), `${DIRECTORY}/notes.txt`], ALL]);
    await journal.close();
  });

  it("makes durable what was only in the page cache when the process ended after a failed sync", async () => {
    const disk = new SimulatedDisk();
    const first = await openOn(disk);
    await first.alpha.append(0, bytes("one"));
    disk.faults = (operation) => (operation === "sync" ? { code: "EIO" } : undefined);
    await outcome(first.alpha.append(0, bytes("two")));
    disk.endProcess();
    const second = await openOn(disk);
    const seen = await texts(second.alpha, 0);
    disk.losePower(() => false);
    const third = await openOn(disk);
    assert.deepEqual([seen, await texts(third.alpha, 0)], [["one", "two"], seen]);
  });
});

/** A disk with the segment of these tests; where its commits end, first where the header does. */
async function writtenDisk(): Promise<{ readonly disk: SimulatedDisk; readonly ends: readonly number[] }> {
  const disk = new SimulatedDisk();
  const { journal, alpha } = await openOn(disk);
  const ends = [disk.content(segment(1)).length];
  for (const group of [["one"], ["two"], ["three"], ["four", "five", "six"]]) {
    await Promise.all(group.map((text) => alpha.append(0, bytes(text))));
    ends.push(disk.content(segment(1)).length);
  }
  await journal.close();
  return { disk, ends };
}

/** Three commits in segment 1, one in segment 2. */
async function twoSegments(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const { journal, alpha } = await openOn(disk, { segmentBytes: 330 });
  for (const text of ["one", "two", "three", "four"]) await alpha.append(0, Buffer.from(text.padEnd(20)));
  await journal.close();
  assert.deepEqual(disk.paths(), [segment(1), segment(2)]);
  return disk;
}

/** Opens a journal of one segment, goes on with it, opens it again: the texts in alpha/0 without the new one. */
async function reopenedWith(content: Buffer): Promise<readonly string[]> {
  const disk = new SimulatedDisk();
  disk.put(segment(1), content);
  const first = await openOn(disk);
  const found = await texts(first.alpha, 0);
  await first.alpha.append(0, bytes("new"));
  await first.journal.close();
  disk.losePower(() => false);
  const second = await openOn(disk);
  assert.deepEqual(await texts(second.alpha, 0), [...found, "new"]);
  await second.journal.close();
  return found;
}

function commitsBelow(ends: readonly number[], length: number): number {
  return ends.filter((end) => end <= length).length - 1;
}

function flipped(content: Buffer, place: number): Buffer {
  const copy = Buffer.from(content);
  copy[place]! ^= 0x10;
  return copy;
}

async function refusal(
  disk: SimulatedDisk,
  logs: readonly { readonly name: string; readonly partitionCount: number }[] = LOGS,
): Promise<Failure> {
  const failure = await openOn(disk, { logs }).catch((error: unknown) => error);
  assert.ok(failure instanceof Failure);
  return failure;
}
