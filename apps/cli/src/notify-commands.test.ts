/** Notifications that were given up, by the command line: stopped or through a server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withChat } from "./testing/tables-world.js";

test("parley notify dead says that none was given up", async () => {
  await withChat(async (world) => {
    const stopped = await world.run("notify", "dead");
    const [served] = (await world.runServed("notify", "dead", "--json")).lines();

    assert.deepEqual([stopped.out, served!["letters"]], [["None was given up."], []]);
  });
});
