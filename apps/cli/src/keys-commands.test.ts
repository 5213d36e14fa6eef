import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { systemAmbient } from "@parley/base/node";
import { parseConfig, startServer } from "@parley/server";
import { type Outcome, runWords, withServerOn } from "./testing/run-words.js";

let folder: string;
let data: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-cli-keys-"));
  data = join(folder, "data");
  env = { PARLEY_DATA: data };
  await run("user", "add", "ann", "--no-password");
  await run("user", "add", "zoe", "--no-password", "--tenant", "acme");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("parley keys status", () => {
  test("shows whose keys there are and no key, with and without a server", async () => {
    const alone = await run("keys", "status", "--json");
    const served = await withServer(() => run("keys", "status", "--json"));
    for (const { exitCode, out } of [alone, served]) {
      const { tenants } = JSON.parse(out[0]!) as { tenants: { tenant: string; version: number }[] };
      assert.equal(exitCode, 0);
      assert.deepEqual(tenants.map(({ tenant, version }) => `${tenant}:${version}`).toSorted(), [
        ":1",
        "acme:1",
        "main:1",
      ]);
    }
    const store = await readFile(join(data, "keys", "store"), "utf8");
    const { key } = JSON.parse(store.split("\n")[1]!.slice(9)) as { key: string };
    assert.equal([...alone.out, ...served.out].join("").includes(key), false);
    assert.match((await run("keys", "status")).out.join("\n"), /^\(installation\) +key 1 since /m);
  });

  test("of an installation without encryption says that there are none", async () => {
    const plain = join(folder, "plain");
    const config = parseConfig(["--data", plain, "--port", "0", "--no-encryption"], {});
    await (await startServer(config, systemAmbient(), () => {})).close();
    for (const words of [
      ["status"],
      ["rotate"],
      ["rotate", "--master"],
      ["shred", "--tenant", "main", "--yes"],
    ]) {
      const { exitCode, err } = await run("keys", ...words, "--data", plain);
      assert.equal(exitCode, 1);
      assert.match(err, /created without encryption/);
    }
  });
});

describe("parley keys rotate", () => {
  test("gives every tenant a new key, or one, also while a server runs; all stays readable", async () => {
    const all = JSON.parse((await run("keys", "rotate", "--json")).out[0]!) as { rotated: unknown[] };
    assert.equal(all.rotated.length, 3);
    const one = await withServer(() => run("keys", "rotate", "--tenant", "main", "--json"));
    assert.deepEqual(JSON.parse(one.out[0]!), { rotated: [{ tenant: "main", version: 3 }] });
    assert.deepEqual(await users(), ["ann"]);
    const unknown = await run("keys", "rotate", "--tenant", "nobody");
    assert.match(unknown.err, /no key of a tenant "nobody"/);
  });

  test("puts a new master key in force, and the old one is of no use any more", async () => {
    const path = join(data, "keys", "master.key");
    await copyFile(path, join(folder, "old"));
    assert.equal((await run("keys", "rotate", "--master")).exitCode, 0);
    assert.deepEqual(await users(), ["ann"]);
    assert.notEqual(await readFile(path, "utf8"), await readFile(join(folder, "old"), "utf8"));
    const { exitCode, err } = await run("user", "list", "--master-key-file", join(folder, "old"));
    assert.equal(exitCode, 1);
    assert.match(err, /master key is not the one/);
  });

  test("moves the master key out of the data directory", async () => {
    const moved = join(folder, "master");
    await writeFile(moved, `${"ab".repeat(32)}\n`, { mode: 0o600 });
    const { out } = await run("keys", "rotate", "--master", "--new-master-key-file", moved);
    assert.match(out[0]!, /--master-key-file/);
    assert.equal(existsSync(join(data, "keys", "master.key")), false);
    assert.match((await run("user", "list")).err, /master key/);
    assert.deepEqual(await users("--master-key-file", moved), ["ann"]);
    env["PARLEY_MASTER_KEY"] = "ab".repeat(32);
    assert.deepEqual(await users(), ["ann"]);
    const again = await run("keys", "rotate", "--master");
    assert.match(again.err, /--new-master-key-file/);
    assert.match((await run("user", "list", "--master-key-file", moved)).err, /second master key/);
  });

  test("that was cut off before the new master key had its name is finished by the next start", async () => {
    const keys = join(data, "keys");
    const old = await readFile(join(keys, "master.key"));
    await run("keys", "rotate", "--master");
    // As if the process had ended between the store and the renaming.
    await rename(join(keys, "master.key"), join(keys, "master.key.new"));
    await writeFile(join(keys, "master.key"), old, { mode: 0o600 });
    assert.deepEqual(await users(), ["ann"]);
    assert.equal(existsSync(join(keys, "master.key.new")), false);
    assert.deepEqual(await users(), ["ann"]);
  });

  test("the master key is not rotated while a server runs", async () => {
    const { exitCode, err } = await withServer(() => run("keys", "rotate", "--master"));
    assert.equal(exitCode, 1);
    assert.match(err, /stop it first/);
  });
});

describe("parley keys shred", () => {
  test("does nothing without --yes, and then leaves nothing of the tenant and all of the others", async () => {
    const asked = await run("keys", "shred", "--tenant", "acme");
    assert.equal(asked.exitCode, 1);
    assert.deepEqual(await users("--tenant", "acme"), ["zoe"]);
    assert.equal((await run("keys", "shred", "--tenant", "acme", "--yes")).exitCode, 0);
    assert.deepEqual([await users("--tenant", "acme"), await users()], [[], ["ann"]]);
    const { out } = await run("keys", "status");
    assert.match(out.join("\n"), /^acme {2}shredded on /m);
  });

  test("takes one conversation", async () => {
    const { exitCode, out } = await run("keys", "shred", "--conversation", "g:x", "--yes", "--json");
    assert.deepEqual(
      [exitCode, JSON.parse(out[0]!)],
      [0, { tenant: "main", conversation: "g:x", isDone: true }],
    );
    assert.match((await run("keys", "status")).out.join("\n"), /^main .*1 conversations shredded$/m);
    assert.deepEqual(await users(), ["ann"]);
  });

  test("needs to be told what, and a stopped server", async () => {
    assert.equal((await run("keys", "shred", "--yes")).exitCode, 2);
    const { err } = await withServer(() => run("keys", "shred", "--tenant", "acme", "--yes"));
    assert.match(err, /stop it first/);
  });
});

async function users(...options: readonly string[]): Promise<readonly string[]> {
  const { out, err } = await run("user", "list", "--json", ...options);
  assert.equal(err, "");
  return (JSON.parse(out[0]!) as { users: { userId: string }[] }).users.map(({ userId }) => userId);
}

async function run(...words: readonly string[]): Promise<Outcome> {
  return runWords(words, env);
}

async function withServer<T>(work: () => Promise<T>): Promise<T> {
  return withServerOn(data, work);
}
