/** The indexes by the command line, on a stopped installation and through a server. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MESSAGES, removeRows, withChat } from "./testing/tables-world.js";

const TABLE = "conversation-message";
const NAME = [TABLE, "sender"] as const;

describe("parley tables index", () => {
  test("status, drop and build, through a server and without one", async () => {
    await withChat(async ({ run, runServed }) => {
      const phaseOf = async (): Promise<unknown> => {
        const { indexes } = (await run("tables", "index", "status", "--json")).lines()[0] as {
          indexes: { phase: string }[];
        };
        return indexes.map(({ phase }) => phase);
      };
      const before = await phaseOf();
      const dropped = await runServed("tables", "index", "drop", ...NAME, "--json");
      const built = await run("tables", "index", "build", ...NAME, "--json");
      const verified = await runServed("tables", "index", "verify", "--json");
      const all = await runServed("tables", "index", "build");
      assert.deepEqual(dropped.lines(), [{ dropped: [{ table: TABLE, index: "sender" }] }]);
      assert.deepEqual(built.lines(), [{ built: [{ table: TABLE, index: "sender" }] }]);
      assert.deepEqual(
        [before, await phaseOf()],
        [
          ["readable", "readable"],
          ["readable", "readable"],
        ],
      );
      const { indexes } = verified.lines()[0] as { indexes: { entries: number }[] };
      assert.deepEqual([verified.exitCode, indexes[0]!.entries], [0, MESSAGES]);
      assert.match(all.out[0]!, /is ready/);
    });
  });

  test("verify names an entry that is missing, and building again mends it", async () => {
    await withChat(
      async (world) => {
        const [gone] = await removeRows(world, { name: `${TABLE}-by-sender-1` }, 1);
        const found = await world.run("tables", "index", "verify");
        assert.equal(found.exitCode, 1);
        assert.match(found.out[0]!, /1 missing, 0 too many, 0 different/);
        const { partition, sort } = gone!;
        assert.equal(found.out[1], `WRONG missing  ${JSON.stringify(partition)} ${JSON.stringify(sort)}`);
        await world.run("tables", "index", "drop", ...NAME);
        await world.run("tables", "index", "build", ...NAME);
        assert.equal((await world.run("tables", "index", "verify")).exitCode, 0);
      },
      { isEncrypted: false },
    );
  });

  test("an index that is not there is refused with those that are", async () => {
    await withChat(async ({ run }) => {
      for (const words of [["build", "account", "name"], ["drop"], ["verify", TABLE]]) {
        const { exitCode, err } = await run("tables", "index", ...words);
        assert.equal(exitCode, 2);
        assert.match(err, /There are: conversation-message sender/);
      }
    });
  });
});
