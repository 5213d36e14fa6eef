import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startChat, withDirectory } from "../testing/closed-installation.js";

const TURNS_MAX = 1_000_000;

describe("work on the tables", () => {
  test("is done one at a time, and what it found stays to be asked for", async () => {
    await withDirectory(async (directory) => {
      const parley = await directory.open();
      await startChat(parley, "main", "hello");
      parley.tableJobs.start({ kind: "verify", isGentle: true });
      assert.throws(() => parley.tableJobs.start({ kind: "compact", isGentle: true }), {
        code: "tables-busy",
      });
      await until(() => parley.tableJobs.status.state !== "running");
      const { state, result, error } = parley.tableJobs.status;
      await parley.close();
      assert.deepEqual([state, error, (result as { wrong: unknown }).wrong], ["done", null, {}]);
      assert.ok((result as { rows: number }).rows > 0);
    });
  });

  test("finds nothing wrong while people chat", async () => {
    await withDirectory(async (directory) => {
      const parley = await directory.open({ holdMs: 1 });
      parley.tableJobs.start({ kind: "verify", isGentle: true });
      let rounds = 0;
      while (parley.tableJobs.status.state === "running" || rounds < 4) {
        await startChat(parley, `tenant${rounds}`, "hello");
        if (parley.tableJobs.status.state !== "running" && rounds < 4)
          parley.tableJobs.start({ kind: "verify", isGentle: true });
        rounds += 1;
      }
      const { state, result } = parley.tableJobs.status;
      await parley.close();
      assert.deepEqual([state, (result as { findings: unknown }).findings], ["done", []]);
      assert.deepEqual(directory.fatal, []);
    });
  });

  test("ends when the installation is closed, whatever it is, and nothing is begun any more", async () => {
    for (const kind of ["verify", "compact", "verify-index", "build-index"] as const) {
      await withDirectory(async (directory) => {
        const parley = await directory.open();
        await startChat(parley, "main", "hello");
        const index = { table: "conversation-message", index: "sender" };
        parley.tableJobs.start({ kind, index, isGentle: true });
        await parley.close();
        assert.notEqual(parley.tableJobs.status.state, "running");
        assert.throws(() => parley.tableJobs.start({ kind, index, isGentle: true }), { code: "tables-busy" });
        // The directory is let go, and what was done is right.
        await (await directory.open()).close();
        assert.deepEqual(directory.fatal, []);
      });
    }
  });

  test("tells of an index that nobody declares", async () => {
    await withDirectory(async (directory) => {
      const parley = await directory.open();
      parley.tableJobs.start({
        kind: "build-index",
        index: { table: "account", index: "name" },
        isGentle: false,
      });
      await until(() => parley.tableJobs.status.state !== "running");
      const { state, error } = parley.tableJobs.status;
      await parley.close();
      assert.deepEqual([state, error?.code], ["failed", "index-unknown"]);
    });
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX && !isTrue(); turn++) await new Promise(setImmediate);
  assert.ok(isTrue());
}
