/** Old messages by the command line: they go cold, read as before, are verified, and what is wrong with their files is told. */
import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MESSAGES, type World, withChat } from "./testing/tables-world.js";

const TABLE = "conversation-message";
const ALL = ["history", "tidy", "--cold-after-days", "0"] as const;

describe("parley history", () => {
  test("messages go cold, stopped or through a server, and read as before", async () => {
    await withChat(async (world) => {
      const before = await messages(world);
      const status = await world.run("history", "status");
      assert.deepEqual(status.out.slice(0, 2), [
        "Messages go cold after 90 days.",
        "They are kept for ever.",
      ]);
      const nothing = (await world.run("history", "tidy", "--json")).lines()[0]!;
      assert.equal(nothing["movedMessages"], 0);
      const moved = (await world.runServed(...ALL, "--json")).lines()[0] as {
        movedMessages: number;
        space: { objects: number };
      };
      assert.ok(moved.movedMessages >= MESSAGES);
      assert.equal(moved.space.objects, 1);
      assert.deepEqual(await messages(world), before);
      const verified = await world.run("tables", "verify", "--json");
      assert.deepEqual([verified.exitCode, Number(verified.lines()[0]!["coldBlocks"]) > 0], [0, true]);
      const again = await world.run(...ALL);
      assert.match(again.out[0]!, /: 0 messages went cold, 0 came back, 0 were removed\.$/);
    });
  });

  test("what is wrong with a file of the cold tier is found, and whoever reads it is told", async () => {
    await withChat(async (world) => {
      await world.run(...ALL);
      const [name] = await readdir(join(world.data, "cold"));
      const file = join(world.data, "cold", name!);
      const sound = await readFile(file);
      const damaged = Buffer.from(sound);
      damaged[40]! ^= 1;
      await writeFile(file, damaged);
      assert.match((await verify(world)).join("\n"), new RegExp(`^WRONG block .*${name}`, "m"));
      const read = await world.run("tables", "scan", TABLE);
      assert.deepEqual([read.exitCode, read.err.includes(name!)], [1, true]);
      await rm(file);
      assert.match((await verify(world)).join("\n"), new RegExp(`^WRONG cold .*${name}`, "m"));
      await writeFile(file, sound);
      assert.equal((await world.run("tables", "verify")).exitCode, 0);
    });
  });

  test("one conversation is kept for another time than the others, or comes back", async () => {
    await withChat(async (world) => {
      await world.run(...ALL);
      const [, conversation] = JSON.parse(world.partition) as [string, string];
      const kept = await world.runServed("history", "keep", conversation, "--cold-after-days", "never");
      assert.equal(kept.out[0], `${conversation} is kept as all others, and never goes cold.`);
      const back = (await world.run("history", "tidy", "--json")).lines()[0]!;
      assert.ok(Number(back["thawedMessages"]) >= MESSAGES);
      const unknown = await world.run("history", "keep", "g:nobody", "--days", "7");
      assert.deepEqual([unknown.exitCode, unknown.err.includes("There is no such conversation")], [1, true]);
      for (const wrong of [
        [],
        [conversation, "more"],
        [conversation, "--days", "0"],
        [conversation, "--days", "x"],
      ])
        assert.equal((await world.run("history", "keep", ...wrong)).exitCode, 2, wrong.join(" "));
    });
  });

  test("bad numbers of days are refused", async () => {
    await withChat(async ({ run }) => {
      for (const days of ["-1", "1.5", "many", "36501"]) {
        const refused = await run("history", "tidy", "--cold-after-days", days);
        assert.equal(refused.exitCode, 2, days);
      }
      assert.equal((await run("history", "tidy", "--keep-messages-days", "0")).exitCode, 2);
      assert.equal((await run("history", "tidy", "--cold-after-days", "off")).exitCode, 0);
    });
  });
});

async function messages({ run }: World): Promise<readonly string[]> {
  return (await run("tables", "scan", TABLE, "--json", "--limit", "1000")).out;
}

async function verify({ run }: World): Promise<readonly string[]> {
  const outcome = await run("tables", "verify");
  assert.equal(outcome.exitCode, 1);
  return outcome.out;
}
