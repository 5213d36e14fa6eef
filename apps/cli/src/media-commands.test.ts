/** Files that nobody needs by the command line: they are counted and removed, stopped or through a server. */
import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { withChat } from "./testing/tables-world.js";

test("parley media tells what there is, and removes what nobody needs", async () => {
  await withChat(async (world) => {
    const status = await world.run("media", "status");
    assert.match(status.out[0]!, /^Files were not looked after/);
    const folder = join(world.data, "media", "ee");
    const leave = async (): Promise<void> => {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `${"e".repeat(32)}.000000.main`), Buffer.alloc(3 * 1024 * 1024));
    };
    await leave();
    const tidied = await world.run("media", "tidy");
    assert.deepEqual(tidied.out, [
      "0 files with 0.0 MB.",
      "Removed: 0 not completed in a day, 0 not sent in a day, 0 that no message shows any more, and 1 parts of none; 3.0 MB were freed.",
    ]);
    await leave();
    const [served] = (await world.runServed("media", "tidy", "--json")).lines();
    assert.deepEqual([served!["files"], served!["strayParts"], await readdir(folder)], [0, 1, []]);
  });
});
