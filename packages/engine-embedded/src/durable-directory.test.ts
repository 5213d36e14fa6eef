import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { createDirectory, syncDirectory } from "./durable-directory.js";

describe("creating a directory", () => {
  it("syncs the one above each that was created, and none when there is nothing to create", async () => {
    const root = await mkdtemp(join(tmpdir(), "parley-create-"));
    try {
      const synced: string[] = [];
      const sync = async (path: string): Promise<void> => {
        synced.push(path);
        await syncDirectory(path);
      };
      const path = join(root, "a", "b", "c");
      await createDirectory(path, sync);
      await createDirectory(path, sync);
      const { mode } = await stat(path);
      assert.deepEqual([synced, mode & 0o777], [[join(root, "a", "b"), join(root, "a"), root], 0o700]);
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it("fails when there is something else in the way", async () => {
    await assert.rejects(createDirectory(join(import.meta.filename, "a")), { code: "ENOTDIR" });
  });
});
