import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Failure, failureCode } from "@parley/base";

import { GroupCommit } from "./group-commit.js";
import { levelFailure } from "./level-failure.js";

describe("group commit", () => {
  it("makes one write of all that wait, in order, durable if one of them is to be", async () => {
    const groups: [readonly number[], boolean][] = [];
    const commit = new GroupCommit<number>(
      async (items, isDurable) => void groups.push([items, isDurable]),
      () => new Failure("tables-failed", "never"),
    );
    const first = [commit.write([1, 2], false), commit.write([3], true), commit.write([4], false)];
    await first[0];
    await Promise.all([...first, commit.write([5], false)]);
    assert.deepEqual(groups, [
      [[1, 2, 3, 4], true],
      [[5], false],
    ]);
  });

  it("runs a task between two groups, and goes on when it fails", async () => {
    const seen: string[] = [];
    const commit = new GroupCommit<string>(
      async (items) => {
        seen.push(`begin ${items.join()}`);
        await Promise.resolve();
        seen.push(`end ${items.join()}`);
      },
      () => new Failure("tables-failed", "never"),
    );
    const first = commit.write(["a"], false);
    const task = commit.alone(async () => {
      seen.push("task");
      await Promise.resolve();
      seen.push("task ends");
      throw new Error("of the task's own");
    });
    const second = first.then(() => commit.write(["b"], false));
    await assert.rejects(task, /of the task's own/);
    await second;
    assert.deepEqual(seen, ["begin a", "end a", "task", "task ends", "begin b", "end b"]);
  });

  it("fails all that wait and all that come when a write fails", async () => {
    let attempts = 0;
    const commit = new GroupCommit<number>(
      async () => {
        attempts += 1;
        throw new Error("IO error: /data/000007.log: No space left on device");
      },
      (error) => levelFailure(error, "/data"),
    );
    const first = await Promise.allSettled([commit.write([1], true), commit.write([2], true)]);
    const ends = [...first, ...(await Promise.allSettled([commit.write([3], true)]))];
    const codes = ends.map((end) => end.status === "rejected" && failureCode(end.reason));
    assert.deepEqual([codes, attempts], [["tables-full", "tables-full", "tables-full"], 1]);
  });
});

describe("failures of LevelDB", () => {
  it("are told apart by what can be done about them", () => {
    const coded = (code: string): Error => Object.assign(new Error("text"), { code });
    const errors = [
      new Error("Database failed to open", { cause: coded("LEVEL_LOCKED") }),
      coded("LEVEL_CORRUPTION"),
      new Error("Corruption: block checksum mismatch"),
      new Error("IO error: x.ldb: No space left on device"),
      new Error("IO error: x.ldb: Input/output error"),
    ];
    assert.deepEqual(
      errors.map((error) => levelFailure(error, "/data").code),
      ["tables-locked", "tables-corrupt", "tables-corrupt", "tables-full", "tables-failed"],
    );
  });
});
