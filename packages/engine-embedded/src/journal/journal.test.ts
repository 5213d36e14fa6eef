import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { AssertionFailure, failureCode } from "@parley/base";
import { silentLogger, systemScheduler } from "@parley/base/node";
import { ManualTime } from "@parley/base/testing";
import { CONFORMANCE_PARTITIONS, logConformance, type LogFixture } from "@parley/logs/conformance";

import {
  DIRECTORY,
  EVERYTHING,
  bytes,
  keyringOn,
  openOn,
  outcome,
  segment,
  texts,
} from "../testing/journal-fixture.js";
import { SimulatedDisk } from "../simulation/simulated-disk.js";
import { type Journal, type JournalOptions, openJournal } from "./journal.js";

/** Every record is in a segment of its own, and read from the disk. */
const TINY = { segmentBytes: 1, tailCacheBytes: 0 };

logConformance("the journal on files", async () => {
  const directory = await mkdtemp(join(tmpdir(), "parley-journal-"));
  return conformanceFixture(
    (options) => openJournal({ ...options, directory }),
    () => rm(directory, { recursive: true }),
  );
});

logConformance("the journal with tiny segments and no cache", async () => {
  const disk = new SimulatedDisk();
  return conformanceFixture(
    (options) => openJournal({ ...options, ...TINY, directory: DIRECTORY, files: disk.mount() }),
    async () => {},
  );
});

logConformance("the sealed journal with no cache", async () => {
  const disk = new SimulatedDisk();
  const keyring = await keyringOn(disk);
  return conformanceFixture(
    (options) =>
      openJournal({ ...options, tailCacheBytes: 0, directory: DIRECTORY, files: disk.mount(), keyring }),
    async () => {},
  );
});

describe("a commit of the journal", () => {
  it("is one sync for everybody who waits, whatever log and partition they write to", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha, beta } = await openOn(disk);
    const before = disk.count("sync");
    const appends = Array.from({ length: 300 }, (_, index) =>
      index % 3 === 2 ? beta.append(0, bytes("x")) : alpha.append(index % 3, bytes("x")),
    );
    await Promise.all(appends);
    assert.deepEqual(
      [disk.count("sync") - before, journal.stats().syncs, journal.stats().appendedRecords],
      [1, 1, 300],
    );
  });

  it("takes what comes while one is under way into the next, as one", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk);
    const later: Promise<unknown>[] = [];
    disk.faults = (operation) => {
      if (operation === "sync" && later.length === 0) {
        for (let index = 0; index < 100; index++) later.push(alpha.append(index % 2, bytes("later")));
      }
      return undefined;
    };
    await alpha.append(0, bytes("first"));
    await Promise.all(later);
    assert.deepEqual([later.length, journal.stats().syncs], [100, 2]);
  });

  it("answers nobody and shows nothing before its sync, then answers before it tells listeners (J1)", async () => {
    const disk = new SimulatedDisk();
    const { alpha } = await openOn(disk);
    const seen: string[] = [];
    disk.faults = (operation) => {
      if (operation === "write" || operation === "sync") seen.push(`${operation} ${alpha.durableEnd(0)}`);
      return undefined;
    };
    alpha.onDurable((partitions) => seen.push(`told of ${partitions.join()} ${alpha.durableEnd(0)}`));
    const appended = alpha.append(0, bytes("a")).then(() => seen.push("answered"));
    assert.deepEqual([await alpha.read(0, 0, EVERYTHING), alpha.appendedEnd(0)], [[], 1]);
    await appended;
    assert.deepEqual(seen, ["write 0", "sync 0", "told of 0 1", "answered"]);
  });
});

describe("the journal refuses", () => {
  it("more than its bound of waiting bytes, but not what comes from another log", async () => {
    const { alpha, beta } = await openOn(new SimulatedDisk(), { waitingBytesMax: 100 });
    const taken = [alpha.append(0, Buffer.alloc(60)), alpha.append(0, Buffer.alloc(60))];
    const refused = alpha.append(0, bytes("x"));
    const sourced = beta.append(0, bytes("x"), { producer: "alpha/0", position: 1 });
    const outcomes = await Promise.all([...taken, refused, sourced].map(outcome));
    outcomes.push(await outcome(alpha.append(0, bytes("x"))));
    assert.deepEqual(outcomes, ["fulfilled", "fulfilled", "log-busy", "fulfilled", "fulfilled"]);
    assert.equal(alpha.durableEnd(0), 3);
  });

  it("new records while the disk is below its reserve, but not what comes from another log", async () => {
    const disk = new SimulatedDisk();
    const scheduler = new ManualTime();
    const { alpha, beta, journal } = await openOn(disk, { reserveBytes: 1000, scheduler });
    disk.free = 999;
    await scheduler.advance(500);
    const outcomes = [
      await scheduler.run(outcome(alpha.append(0, bytes("x")))),
      await scheduler.run(outcome(beta.append(0, bytes("x"), { producer: "alpha/0", position: 1 }))),
    ];
    disk.free = 1000;
    await scheduler.advance(500);
    outcomes.push(await scheduler.run(outcome(alpha.append(0, bytes("x")))));
    await scheduler.run(journal.close());
    assert.deepEqual([...outcomes, scheduler.waiting], ["log-full", "fulfilled", "fulfilled", 0]);
  });

  it("new records after a burst that takes the disk below its reserve, without waiting for the next look", async () => {
    const disk = new SimulatedDisk();
    const scheduler = new ManualTime();
    const { alpha, journal } = await openOn(disk, { reserveBytes: 32_000, scheduler });
    disk.free = 31_999;
    const outcomes: (string | undefined)[] = [];
    for (const length of [500, 500, 0])
      outcomes.push(await scheduler.run(outcome(alpha.append(0, Buffer.alloc(length)))));
    await scheduler.run(journal.close());
    assert.deepEqual([...outcomes, scheduler.waiting], ["fulfilled", "fulfilled", "log-full", 0]);
  });

  it("records and names of producers beyond their limits, and takes them at the limit", async () => {
    const { alpha } = await openOn(new SimulatedDisk(), { recordBytesMax: 100 });
    const named = (length: number): Promise<string | undefined> =>
      outcome(alpha.append(0, bytes("x"), { producer: "p".repeat(length), position: 1 }));
    assert.deepEqual(
      [
        await outcome(alpha.append(0, Buffer.alloc(100))),
        await outcome(alpha.append(0, Buffer.alloc(101))),
        await named(64),
        await named(65),
      ],
      ["fulfilled", "log-record-too-large", "fulfilled", "log-record-too-large"],
    );
  });

  it("sources that the format cannot hold, and no offset is taken", async () => {
    const { alpha } = await openOn(new SimulatedDisk());
    const sources = [
      { producer: "", position: 1 },
      { producer: "two words", position: 1 },
      { producer: "é", position: 1 },
      { producer: "p", position: -1 },
      { producer: "p", position: 0.5 },
      { producer: "p", position: 2 ** 48 },
    ];
    for (const source of sources) {
      assert.throws(() => void alpha.append(0, bytes("x"), source), AssertionFailure);
    }
    assert.equal((await alpha.append(0, bytes("x"), { producer: "p", position: 2 ** 48 - 1 })).offset, 0);
  });

  it("names and partitions that it does not have", async () => {
    const { journal, alpha } = await openOn(new SimulatedDisk());
    assert.throws(() => journal.log("gamma"), RangeError);
    assert.throws(() => alpha.durableEnd(2), RangeError);
  });

  it("everything after it was closed, and leaves no file open", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk, TINY);
    await alpha.append(0, bytes("a"));
    await texts(alpha, 0);
    await Promise.all([journal.close(), alpha.close(), journal.close()]);
    const outcomes = [alpha.append(0, bytes("b")), alpha.read(0, 0, EVERYTHING)].map(outcome);
    assert.deepEqual([...(await Promise.all(outcomes)), disk.openFiles], ["log-closed", "log-closed", 0]);
  });
});

describe("segments", () => {
  it("begin when the one before is full, and are read as one sequence", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk, { ...TINY, segmentBytes: 500 });
    const written = Array.from({ length: 20 }, (_, index) => `record ${index}`);
    for (const text of written) await alpha.append(0, Buffer.from(text.padEnd(80)));
    assert.deepEqual(
      (await texts(alpha, 0)).map((text) => text.trim()),
      written,
    );
    assert.ok(journal.stats().segments > 3);
    assert.equal(journal.stats().segments, disk.paths().length);
  });

  it("are removed, oldest first, when every partition of every log has trimmed them", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha, beta } = await openOn(disk, TINY);
    await alpha.append(0, bytes("in 1"));
    await beta.append(0, bytes("in 2"));
    await alpha.append(0, bytes("in 3"));
    const left: (readonly string[])[] = [];
    await alpha.trim(0, 2);
    left.push(disk.paths());
    await Promise.all([beta.trim(0, 1), alpha.trim(0, 2)]);
    left.push(disk.paths());
    assert.deepEqual(left, [[segment(2), segment(3), segment(4)], [segment(4)]]);
    assert.equal(journal.stats().segments, 1);
  });

  it("that are trimmed cannot be read, now and after opening again", async () => {
    const disk = new SimulatedDisk();
    const first = await openOn(disk, TINY);
    for (const text of ["a", "b", "c"]) await first.alpha.append(0, bytes(text));
    await first.alpha.trim(0, 2);
    const codes = [await outcome(first.alpha.read(0, 1, EVERYTHING))];
    await first.journal.close();
    const second = await openOn(disk, TINY);
    codes.push(await outcome(second.alpha.read(0, 1, EVERYTHING)));
    assert.deepEqual([codes, await texts(second.alpha, 0)], [["log-trimmed", "log-trimmed"], ["c"]]);
  });

  it("that are trimmed and still kept cannot be read either, when a later segment says so", async () => {
    const disk = new SimulatedDisk();
    const first = await openOn(disk, TINY);
    await first.beta.append(0, bytes("not trimmed"));
    for (const text of ["a", "b"]) await first.alpha.append(0, bytes(text));
    await first.alpha.trim(0, 1);
    await first.alpha.append(0, bytes("c"));
    await first.journal.close();
    const second = await openOn(disk, TINY);
    assert.equal(disk.paths().length, 5);
    assert.deepEqual([second.alpha.firstOffset(0), await texts(second.alpha, 0)], [1, ["b", "c"]]);
  });

  it("that are removed are closed", async () => {
    const disk = new SimulatedDisk();
    const { journal, alpha } = await openOn(disk, TINY);
    for (const text of ["a", "b", "c"]) await alpha.append(0, bytes(text));
    await texts(alpha, 0);
    await alpha.trim(0, 3);
    const openFiles = [disk.openFiles];
    await journal.close();
    assert.deepEqual([...openFiles, disk.openFiles], [1, 0]);
  });

  it("cannot be trimmed beyond what is durable", async () => {
    const { alpha } = await openOn(new SimulatedDisk(), TINY);
    await alpha.append(0, bytes("a"));
    await alpha.trim(0, 1000);
    await alpha.append(0, bytes("b"));
    assert.deepEqual([alpha.firstOffset(0), await texts(alpha, 0)], [1, ["b"]]);
  });

  it("are created for their owner only", async () => {
    const root = await mkdtemp(join(tmpdir(), "parley-journal-"));
    const directory = join(root, "journal");
    const journal = await openJournal({ ...realOptions(), directory });
    await journal.close();
    const [name] = await readdir(directory);
    const modes = [await stat(directory), await stat(join(directory, name!))].map(({ mode }) => mode & 0o777);
    await rm(root, { recursive: true });
    assert.deepEqual([name, ...modes], ["0000000000000001.seg", 0o700, 0o600]);
  });
});

describe("reading", () => {
  it("takes the newest records from memory and older ones from the disk, within the bound of the cache", async () => {
    const disk = new SimulatedDisk();
    // A record of 100 bytes takes 122, so two of them fit.
    const { alpha } = await openOn(disk, { tailCacheBytes: 250 });
    for (let index = 0; index < 5; index++) await alpha.append(0, Buffer.alloc(100, index));
    const reads: number[] = [];
    for (const offset of [3, 4, 2]) {
      const before = disk.count("read");
      const [record] = await alpha.read(0, offset, { recordsMax: 1, bytesMax: 1000 });
      assert.deepEqual(record!.payload, Buffer.alloc(100, offset));
      reads.push(disk.count("read") - before);
    }
    assert.deepEqual(reads, [0, 0, 1]);
  });

  it("gives the same from memory and from the disk, a record larger than the limit included", async () => {
    const cached = await openOn(new SimulatedDisk());
    const uncached = await openOn(new SimulatedDisk(), { tailCacheBytes: 0 });
    const results: unknown[] = [];
    for (const { alpha } of [cached, uncached]) {
      for (const length of [10, 5000, 30]) await alpha.append(1, Buffer.alloc(length, length % 256));
      const read = async (from: number, bytesMax: number): Promise<readonly (readonly [number, number])[]> =>
        (await alpha.read(1, from, { recordsMax: 10, bytesMax })).map(({ offset, payload }) => [
          offset,
          payload.length,
        ]);
      results.push([await read(0, 100), await read(1, 100), await read(1, 1), await read(2, 100)]);
    }
    assert.deepEqual(results[0], [[[0, 10]], [[1, 5000]], [[1, 5000]], [[2, 30]]]);
    assert.deepEqual(results[1], results[0]);
  });

  it("refuses a record that was damaged on the disk since, with its place, and serves the others", async () => {
    const disk = new SimulatedDisk();
    const { alpha } = await openOn(disk, { tailCacheBytes: 0 });
    for (const text of ["first record", "second record"]) await alpha.append(0, bytes(text));
    disk.damage(segment(1), disk.content(segment(1)).indexOf("second record"));
    const [first] = await alpha.read(0, 0, EVERYTHING);
    const failure = await alpha.read(0, 1, EVERYTHING).catch((error: unknown) => error as Error);
    assert.ok(failure instanceof Error);
    assert.deepEqual(
      [Buffer.from(first!.payload).toString(), failureCode(failure)],
      ["first record", "log-corrupt"],
    );
    assert.ok(failure.message.includes(segment(1)) && failure.message.includes("restore"));
  });

  it("refuses a whole record that is another one than was asked for", async () => {
    const disk = new SimulatedDisk();
    const { alpha } = await openOn(disk, { tailCacheBytes: 0 });
    const ends: number[] = [];
    for (const text of ["first", "other"]) {
      ends.push(disk.content(segment(1)).length);
      await alpha.append(0, bytes(text));
    }
    disk.overwrite(segment(1), ends[1]!, disk.content(segment(1)).subarray(ends[0], ends[1]));
    const outcomes = [alpha.read(0, 1, EVERYTHING), alpha.read(0, 1, { recordsMax: 1, bytesMax: 1 })];
    assert.deepEqual(await Promise.all(outcomes.map(outcome)), ["log-corrupt", "log-corrupt"]);
  });
});

async function conformanceFixture(
  open: (options: JournalOptions) => Promise<Journal>,
  remove: () => Promise<void>,
): Promise<LogFixture> {
  let journal = await open(realOptions());
  const fixture = {
    log: journal.log("log"),
    reopen: async (): Promise<void> => {
      await journal.close();
      journal = await open(realOptions());
      fixture.log = journal.log("log");
    },
    dispose: async (): Promise<void> => {
      await journal.close();
      await remove();
    },
  };
  return fixture;
}

function realOptions(): JournalOptions {
  return {
    directory: "",
    logs: [
      { name: "other", partitionCount: 1 },
      { name: "log", partitionCount: CONFORMANCE_PARTITIONS },
    ],
    scheduler: systemScheduler,
    logger: silentLogger,
    onFatal: (error) => assert.fail(String(error)),
  };
}
