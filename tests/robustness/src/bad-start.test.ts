/** Goal: a server that cannot start says in one line what is wrong, ends with the promised code, and changes nothing. */
import { runServer } from "@parley/bench";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ANNA, startWorld } from "./world.js";

test("a second server on the same data directory ends with a message and leaves the first alone", async (t) => {
  const world = await startWorld(t);
  const exit = await runServer(["--data", world.dataDirectory, "--port", "0", "--demo", "off"]);
  equal(exit.code, 1);
  match(exit.stderr, /lock|in use|another/i);
  const anna = await world.connect(ANNA);
  await anna.close();
});

test("a data directory of a newer version is refused and not changed", async (t) => {
  const world = await startWorld(t);
  await world.server.stop();
  const path = versionFile(world.dataDirectory);
  const newer = readFileSync(path, "utf8").replace(/\d+/, "999");
  writeFileSync(path, newer);
  const exit = await runServer(["--data", world.dataDirectory, "--port", "0", "--demo", "off"]);
  deepEqual([exit.code, readFileSync(path, "utf8")], [1, newer]);
  match(exit.stderr, /has format 999.*reads format \d+\. Run a version/);
});

test("a master key that is wrong, missing, malformed or open to others is refused with what to do", async (t) => {
  const world = await startWorld(t);
  await world.server.stop();
  const start = (environment: Record<string, string>): ReturnType<typeof runServer> =>
    runServer(["--data", world.dataDirectory, "--port", "0", "--demo", "off"], { environment });
  const path = join(world.dataDirectory, "keys", "master.key");
  const refusals = [
    await start({ PARLEY_MASTER_KEY: "ab".repeat(32) }),
    await start({ PARLEY_MASTER_KEY: "secret" }),
    await start({ PARLEY_MASTER_KEY_COMMAND: "false" }),
    await start({ PARLEY_MASTER_KEY_FILE: `${path}.elsewhere` }),
  ];
  chmodSync(path, 0o644);
  refusals.push(await start({}));
  const expected = [
    /not the one that .* was made with/,
    /PARLEY_MASTER_KEY does not give a master key: 64 hexadecimal digits/,
    /--master-key-command ended with 1/,
    /cannot be read\. Put the master key back/,
    /may be read by others .* chmod 600/,
  ];
  for (const [index, { code, stderr }] of refusals.entries()) {
    equal(code, 1);
    match(stderr, expected[index]!);
    ok(!/^\s+at /m.test(stderr) && !stderr.includes("abab") && !stderr.includes("secret"), stderr);
  }
});

test("a port in use is named", async (t) => {
  const holder = createServer();
  await new Promise<void>((resolve) => {
    holder.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => holder.close());
  const address = holder.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bad-"));
  t.after(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const exit = await runServer(["--data", dataDirectory, "--port", port, "--demo", "off"]);
  equal(exit.code, 1);
  ok(exit.stderr.includes(port), exit.stderr);
  match(exit.stderr, /in use/);
});

const badSettings: readonly [readonly string[], Readonly<Record<string, string>>, RegExp][] = [
  [["--port", "99999"], {}, /--port must be/],
  [["--port", "eighty"], {}, /--port must be/],
  [["--data", ""], {}, /--data must/],
  [["--colour", "red"], {}, /--colour/],
  [["--port"], {}, /--port/],
  [[], { PARLEY_PORT: "-1" }, /PARLEY_PORT must be/],
  [[], { PARLEY_COLOUR: "red" }, /PARLEY_COLOUR/],
];

for (const [args, environment, complaint] of badSettings) {
  const what = [...args, ...Object.entries(environment).map((pair) => pair.join("="))].join(" ");
  test(`the setting "${what}" is refused by name`, async () => {
    const exit = await runServer(args, { environment });
    equal(exit.code, 2, exit.stderr);
    match(exit.stderr, complaint);
    ok(!/^\s+at /m.test(exit.stderr), `It prints a stack: ${exit.stderr}`);
  });
}

/** The file of a data directory that holds its format version. */
function versionFile(dataDirectory: string): string {
  const name = readdirSync(dataDirectory).find((each) => /version|format/i.test(each));
  if (name === undefined) throw new Error(`No version file in ${readdirSync(dataDirectory).join(", ")}.`);
  return join(dataDirectory, name);
}
