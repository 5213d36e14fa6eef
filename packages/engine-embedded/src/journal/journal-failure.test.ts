import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Failure, failureCode } from "@parley/base";

import { EVERYTHING, bytes, openOn, outcome, segment, texts } from "../testing/journal-fixture.js";
import { type DiskFault, type DiskOperation, SimulatedDisk, failOnce } from "../simulation/simulated-disk.js";
import { segmentFile } from "./files.js";

const FROM_ALPHA = "alpha/0";

describe("a failed commit (J3)", () => {
  const fatal: readonly (readonly [DiskOperation, DiskFault])[] = [
    ["write", { code: "EIO" }],
    ["write", { code: "EIO", bytesDone: 10 }],
    ["sync", { code: "EIO" }],
    // The blocks of a file may be allocated as late as at the sync; what it wrote before is unknown then.
    ["sync", { code: "ENOSPC" }],
  ];
  for (const [operation, fault] of fatal) {
    it(`by ${fault.code} of ${operation} after ${fault.bytesDone ?? 0} bytes ends the journal and answers nobody`, async () => {
      const disk = new SimulatedDisk();
      const { journal, alpha, beta, fatal: fatalErrors } = await openOn(disk);
      await alpha.append(0, bytes("before"));
      const told: unknown[] = [];
      alpha.onDurable((partitions) => told.push(partitions));
      disk.faults = failOnce(operation, fault);
      const source = { producer: FROM_ALPHA, position: 1 };
      const waiting = [
        alpha.append(0, bytes("a")),
        beta.append(0, bytes("b"), source),
        beta.append(0, bytes("b"), source),
      ];
      const outcomes = await Promise.all(waiting.map(outcome));
      const touched = disk.count("write") + disk.count("sync");
      outcomes.push(await outcome(alpha.append(0, bytes("c"))));
      await journal.close();
      assert.deepEqual(outcomes, Array(4).fill("log-failed"));
      assert.deepEqual([told, alpha.durableEnd(0), beta.durableEnd(0)], [[], 1, 0]);
      assert.deepEqual(fatalErrors.map(failureCode), ["log-failed"]);
      // The sync is never repeated, nor is anything written, not even at closing.
      assert.deepEqual([disk.count("write") + disk.count("sync"), disk.openFiles], [touched, 0]);
    });
  }

  it("rejects also what came while it was under way", async () => {
    const disk = new SimulatedDisk();
    const { alpha } = await openOn(disk);
    const before = disk.count("sync");
    let later: Promise<unknown> = Promise.resolve();
    disk.faults = (operation) => {
      if (operation !== "sync") return undefined;
      later = alpha.append(0, bytes("later"));
      return { code: "EIO" };
    };
    const first = alpha.append(0, bytes("first"));
    assert.deepEqual([await outcome(first), await outcome(later)], ["log-failed", "log-failed"]);
    assert.equal(disk.count("sync") - before, 1);
  });
});

describe("a full disk at the write", () => {
  for (const fault of [{ code: "ENOSPC" }, { code: "ENOSPC", bytesDone: 30 }, { code: "EDQUOT" }]) {
    it(`(${fault.code} after ${fault.bytesDone ?? 0} bytes) refuses everybody, cuts back, and is survived`, async () => {
      const disk = new SimulatedDisk();
      const { alpha, beta, fatal, logger } = await openOn(disk);
      await alpha.append(0, bytes("before"));
      const lengthBefore = disk.content(segment(1)).length;
      disk.faults = failOnce("write", fault);
      const source = { producer: FROM_ALPHA, position: 1 };
      const waiting = [
        alpha.append(0, bytes("refused")),
        beta.append(0, bytes("b"), source),
        beta.append(0, bytes("b"), source),
      ];
      const failures = await Promise.all(waiting.map((end) => end.catch((error: unknown) => error)));
      for (const failure of failures) {
        assert.ok(failure instanceof Failure);
        assert.deepEqual([failure.code, failure.retry], ["log-full", "same"]);
      }
      assert.deepEqual([disk.content(segment(1)).length, logger.errors], [lengthBefore, ["disk-full"]]);
      // Space came back. The producer's record was not stored, so it is not a duplicate.
      const again = [await alpha.append(0, bytes("after")), await beta.append(0, bytes("b"), source)];
      assert.deepEqual(again, [
        { offset: 1, isDuplicate: false },
        { offset: 0, isDuplicate: false },
      ]);
      assert.deepEqual(fatal, []);
      disk.losePower(() => false);
      const reopened = await openOn(disk);
      assert.deepEqual(await texts(reopened.alpha, 0), ["before", "after"]);
    });
  }

  it("refuses also what came while it was under way, and takes no offset for it", async () => {
    const disk = new SimulatedDisk();
    const { alpha } = await openOn(disk);
    let later: Promise<unknown> = Promise.resolve();
    disk.faults = (operation) => {
      if (operation !== "truncate") {
        return operation === "write" ? { code: "ENOSPC" } : undefined;
      }
      later = alpha.append(0, bytes("later"));
      return undefined;
    };
    const outcomes = [await outcome(alpha.append(0, bytes("first"))), await outcome(later)];
    disk.faults = () => undefined;
    assert.deepEqual([outcomes, alpha.appendedEnd(0)], [["log-full", "log-full"], 0]);
    assert.equal((await alpha.append(0, bytes("x"))).offset, 0);
  });

  it("does not let the refused records come back after a loss of power", async () => {
    const disk = new SimulatedDisk();
    const { alpha } = await openOn(disk);
    disk.faults = (operation) => (operation === "write" ? { code: "ENOSPC", bytesDone: 28 } : undefined);
    await outcome(Promise.all([alpha.append(0, bytes("refused")), alpha.append(0, bytes("refused"))]));
    disk.losePower(() => true);
    const { journal, logger } = await openOn(disk);
    assert.deepEqual([logger.warnings, journal.log("alpha").durableEnd(0)], [[], 0]);
  });

  for (const operation of ["truncate", "sync"] as const) {
    it(`ends the journal when ${operation} fails while cutting back`, async () => {
      const disk = new SimulatedDisk();
      const { alpha, fatal } = await openOn(disk);
      disk.faults = (found) =>
        found === "write" ? { code: "ENOSPC" } : found === operation ? { code: "EIO" } : undefined;
      const first = await outcome(alpha.append(0, bytes("a")));
      assert.deepEqual([first, fatal.map(failureCode)], ["log-failed", ["log-failed"]]);
    });
  }
});

describe("a failed beginning of a segment", () => {
  for (const [operation, fault] of [
    ["create", { code: "ENOSPC" }],
    ["write", { code: "ENOSPC", bytesDone: 20 }],
    ["sync", { code: "EDQUOT" }],
  ] as const) {
    it(`by ${fault.code} of ${operation} lets the one before go on, and is tried again`, async () => {
      const disk = new SimulatedDisk();
      const { journal, alpha, logger, fatal } = await openOn(disk, { segmentBytes: 1 });
      // The first write and sync are for the records, the second for the segment.
      disk.faults = failOnce(operation, fault, operation === "create" ? 0 : 1);
      await alpha.append(0, bytes("one"));
      await alpha.append(0, bytes("two"));
      const found = await texts(alpha, 0);
      await journal.close();
      assert.deepEqual(
        [logger.warnings, fatal, disk.paths(), found],
        [["segment-not-begun"], [], [segment(1), segment(2)], ["one", "two"]],
      );
    });
  }

  for (const [operation, skip] of [
    ["create", 0],
    ["write", 1],
    ["sync", 1],
    ["rename", 0],
    ["syncNames", 0],
  ] as const) {
    it(`by EIO of ${operation} ends the journal, with the commit before it answered and kept`, async () => {
      const disk = new SimulatedDisk();
      const { journal, alpha, fatal } = await openOn(disk, { segmentBytes: 1 });
      disk.faults = failOnce(operation, { code: "EIO" }, skip);
      const outcomes = [await outcome(alpha.append(0, bytes("one")))];
      outcomes.push(await outcome(alpha.append(0, bytes("two"))));
      await journal.close();
      assert.deepEqual(
        [outcomes, fatal.map(failureCode), disk.openFiles],
        [["fulfilled", "log-failed"], ["log-failed"], 0],
      );
      disk.losePower(() => false);
      const reopened = await openOn(disk);
      assert.deepEqual(await texts(reopened.alpha, 0), ["one"]);
    });
  }
});

describe("a failed removal of a segment", () => {
  for (const operation of ["remove", "syncNames"] as const) {
    it(`by ${operation} is told to who trimmed, and the next trim tries again`, async () => {
      const disk = new SimulatedDisk();
      const { alpha, fatal } = await openOn(disk, { segmentBytes: 1 });
      for (const text of ["a", "b", "c"]) await alpha.append(0, bytes(text));
      disk.faults = failOnce(operation, { code: "EIO" });
      const failure = await alpha.trim(0, 1).catch((error: unknown) => error);
      assert.ok(failure instanceof Failure && failure.message.includes("EIO"));
      assert.equal(failure.code, "log-failed");
      await alpha.trim(0, 2);
      assert.deepEqual([disk.paths(), fatal], [[segment(3), segment(4)], []]);
    });
  }
});

describe("a failed read", () => {
  it("is told to who reads, and the journal goes on", async () => {
    const disk = new SimulatedDisk();
    const { alpha, fatal } = await openOn(disk, { tailCacheBytes: 0 });
    await alpha.append(0, bytes("a"));
    disk.faults = failOnce("read", { code: "EIO" });
    const failed = await outcome(alpha.read(0, 0, EVERYTHING));
    await alpha.append(0, bytes("b"));
    assert.deepEqual([failed, fatal, await texts(alpha, 0)], ["log-failed", [], ["a", "b"]]);
  });
});

describe("a failed opening", () => {
  it("at any operation leaves no file open and the journal as it was", async () => {
    for (const make of [() => Promise.resolve(new SimulatedDisk()), usedDisk]) {
      let failed = 0;
      for (let isPassed = false; !isPassed;) {
        const disk = await make();
        let left = failed;
        disk.faults = () => (left-- === 0 ? { code: "EIO" } : undefined);
        isPassed =
          (await outcome(openOn(disk, { reserveBytes: 1 }).then(({ journal }) => journal.close()))) ===
          "fulfilled";
        assert.equal(disk.openFiles, 0);
        disk.endProcess();
        const { journal, alpha } = await openOn(disk);
        const found = await texts(alpha, 0);
        await journal.close();
        assert.deepEqual(found, await alphaOf(make));
        failed += 1;
      }
      assert.ok(failed > 5, "there was something to fail");
    }
  });
});

describe("a segment file", () => {
  it("is written and read to the end when the system takes and gives little at a time", async () => {
    const content = Buffer.alloc(10);
    const file = segmentFile({
      ...UNUSED,
      write: (async (from: Buffer, offset: number, length: number, position: number) => {
        const bytesWritten = Math.min(3, length);
        from.copy(content, position, offset, offset + bytesWritten);
        return { bytesWritten, buffer: from };
      }) as never,
      read: (async (into: Buffer, offset: number, length: number, position: number) => {
        const bytesRead = content.copy(into, offset, position, position + Math.min(4, length));
        return { bytesRead, buffer: into };
      }) as never,
    });
    await file.write(bytes("12345678"), 1);
    const all = await file.read(0, 100);
    assert.deepEqual([all.toString("latin1"), all.length], ["\u000012345678\0", 10]);
  });

  it("that takes nothing and gives no reason is an error, not a loop", async () => {
    const file = segmentFile({ ...UNUSED, write: (async () => ({ bytesWritten: 0 })) as never });
    await assert.rejects(file.write(bytes("x"), 0), /took no bytes/);
  });
});

const UNUSED = {
  write: unused,
  read: unused,
  datasync: unused,
  truncate: unused,
  stat: unused,
  close: unused,
};

function unused(): never {
  throw new Error("not used");
}

/** Two segments, a torn end, and a draft. */
async function usedDisk(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const { journal, alpha } = await openOn(disk, { segmentBytes: 300 });
  for (const text of ["one", "two", "three", "four"]) await alpha.append(0, Buffer.from(text));
  await journal.close();
  disk.put(segment(2), Buffer.concat([disk.content(segment(2)), bytes("torn")]));
  disk.put(`${segment(3)}.new`, bytes("draft"));
  return disk;
}

async function alphaOf(make: () => Promise<SimulatedDisk>): Promise<readonly string[]> {
  const { alpha } = await openOn(await make());
  return texts(alpha, 0);
}
