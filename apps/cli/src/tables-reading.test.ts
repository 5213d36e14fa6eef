import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MESSAGES, withChat } from "./testing/tables-world.js";

const TABLE = "conversation-message";

describe("parley tables list", () => {
  test("names each table with what is declared of it", async () => {
    await withChat(async ({ run }) => {
      const { tables } = (await run("tables", "list", "--json")).lines()[0] as {
        tables: { table: string }[];
      };
      assert.deepEqual(
        tables.find(({ table }) => table === TABLE),
        {
          table: TABLE,
          partition: '["tenant","conversation"]',
          sort: "[sequence]",
          isPacked: true,
          hasExpiry: false,
          owner: "conversation",
          indexes: ["sender", "mention"],
        },
      );
      assert.match((await run("tables", "list")).out.join("\n"), /^sync-queue +.*, packed, expires$/m);
    });
  });
});

describe("parley tables scan", () => {
  test("shows the rows of every table decoded, with and without a server", async () => {
    await withChat(async ({ run, runServed }) => {
      const { tables } = (await run("tables", "list", "--json")).lines()[0] as {
        tables: { table: string }[];
      };
      const alone = new Map<string, readonly unknown[]>();
      for (const { table } of tables) {
        const found = await run("tables", "scan", table, "--json", "--limit", "100000");
        assert.deepEqual([found.exitCode, found.err], [0, ""], table);
        assert.deepEqual(
          found.lines().filter(({ problem }) => problem !== undefined),
          [],
          table,
        );
        alone.set(table, found.lines());
      }
      const messages = alone.get(TABLE) as { sort: number[]; value: { body: { text?: { text: string } } } }[];
      const texts = messages.flatMap(({ value }) => value.body.text?.text ?? []);
      assert.deepEqual(
        texts,
        Array.from({ length: MESSAGES }, (_, index) => `hello ${index + 1}`),
      );
      const events = alone.get("sync-queue") as { partition: string[] }[];
      assert.deepEqual([...new Set(events.map(({ partition }) => partition[1]))], ["ann", "bob"]);
      const served = await runServed("tables", "scan", TABLE, "--json", "--limit", "100000");
      assert.deepEqual(served.lines(), messages);
    });
  });

  test("begins where it is told, ends at the limit, and says so", async () => {
    await withChat(async ({ run, partition }) => {
      const found = await run(
        "tables",
        "scan",
        TABLE,
        "--partition",
        partition,
        "--from",
        "[20]",
        "--limit",
        "3",
        "--json",
      );
      assert.deepEqual(
        found.lines().map(({ sort }) => sort),
        [[20], [21], [22]],
      );
      assert.match(found.err, /--limit/);
      const none = await run("tables", "scan", TABLE, "--partition", '["main","g:nobody"]');
      assert.deepEqual([none.exitCode, none.out, none.err], [0, [], ""]);
    });
  });

  test("shows no hash of a password or a token, unless it is raw", async () => {
    await withChat(async ({ run }) => {
      const raw = (await run("tables", "scan", "token", "--raw", "--json")).lines();
      const hash = (raw[0]!["partition"] as string[])[0]!;
      assert.match(hash, /^[0-9a-f]{64}$/);
      const shown: string[] = [];
      for (const table of ["account", "session", "token"]) {
        for (const form of [[], ["--json"]]) shown.push(...(await run("tables", "scan", table, ...form)).out);
      }
      shown.push(...(await run("tables", "get", "token", JSON.stringify([hash]), "[]")).out);
      const account = (
        await run("tables", "get", "account", '["main"]', '["ann"]', "--raw", "--json")
      ).lines();
      assert.match(Buffer.from(account[0]!["value"] as string, "base64").toString(), /argon2id/);
      assert.equal(shown.length, 2 * 4 + 1);
      assert.equal(shown.filter((line) => line.includes("(hidden)")).length, shown.length);
      assert.equal(shown.join("").includes(hash), false);
      assert.equal(/argon2/.test(shown.join("")), false);
    });
  });
});

describe("parley tables get", () => {
  test("shows one row, or says that there is none", async () => {
    await withChat(async ({ run, runServed, partition }) => {
      const get = ["tables", "get", TABLE, partition];
      const row = (await runServed(...get, "[5]", "--json")).lines()[0] as { value: { senderId: string } };
      assert.equal(row.value.senderId, "ann");
      const none = await run(...get, "[100000]");
      assert.equal(none.exitCode, 1);
      assert.match(none.err, /no such row/);
    });
  });
});

describe("what is not understood", () => {
  test("is refused with what there is", async () => {
    await withChat(async ({ run, partition }) => {
      const wrong: readonly (readonly [readonly string[], RegExp])[] = [
        [["scan"], /Name a table: account, session/],
        [["scan", "nothing"], /no table nothing\. There are: account, /],
        [["scan", TABLE, "more"], /Unexpected more/],
        [["scan", TABLE, "--partition", "main"], /must be JSON: \["tenant","conversation"\]/],
        [["scan", TABLE, "--partition", "[1.5]"], /texts and whole numbers/],
        [["scan", TABLE, "--partition", '["\\ud800","x"]'], /texts and whole numbers/],
        [["scan", TABLE, "--partition", '["main"]'], /is \["tenant","conversation"\]/],
        [["scan", TABLE, "--partition", '["",""]'], /is \["tenant","conversation"\]/],
        [["scan", TABLE, "--from", "[1]"], /needs --partition/],
        [["scan", TABLE, "--partition", partition, "--from", '["x"]'], /is \[sequence\] or its beginning/],
        [["scan", TABLE, "--limit", "many"], /--limit must be a whole number/],
        [["get", TABLE, partition], /sort key must be JSON/],
        [["get", TABLE, partition, "[1,2]"], /is \[sequence\]/],
        [["get", TABLE, partition, "[]"], /is \[sequence\]/],
      ];
      for (const [words, expected] of wrong) {
        const { exitCode, err, out } = await run("tables", ...words);
        assert.deepEqual([exitCode, out], [2, []], words.join(" "));
        assert.match(err, expected);
      }
    });
  });
});
