/**
 * Goal: kill -9 at any moment of a backup, a restore or a standby's life leaves something whole, or something that is
 * recognised as unfinished; and a promoted standby has every message that it had been given.
 *
 * Method: real processes and real disks. One writer sends message after message and notes what was acknowledged.
 */
import { equal, match, ok } from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { ServerProcess } from "@parley/bench";
import { parley, start } from "./command.js";
import { folder, requireAll, textsIn, Writer } from "./one-writer.js";
import { ANNA, createDirect, send, startWorld } from "./world.js";
import { pause, until } from "./wait.js";
import { createChance, seedOfRun } from "./seed.js";

const MESSAGES = 1_000;
const WITHIN_MS = 30_000;
const TOKEN = "a-secret-of-forty-characters-for-the-test";

test(
  "a backup whose server is killed is none, and the next one is whole",
  { timeout: 120_000 },
  async (t) => {
    const root = folder(t);
    const world = await startWorld(t);
    const { server, dataDirectory } = world;
    await createDirect(await world.connect(ANNA));
    const writer = new Writer(world, server.webSocketUrl);
    ok(await until(() => writer.acknowledged > MESSAGES / 2, WITHIN_MS));
    // Slow, so that it is in the middle for sure.
    const backup = start([
      "backup",
      join(root, "killed"),
      "--data",
      dataDirectory,
      "--mb-per-second",
      "1",
      "--json",
    ]);
    ok(await until(() => existsSync(join(root, "killed", "journal")), WITHIN_MS, 5));
    await server.kill();
    const ended = await backup.ran;
    const verified = await parley("backup", "verify", join(root, "killed"), "--json");
    match(verified.stdout, /"backup-missing"/);
    equal(ended.code, 1);
    const again = await ServerProcess.start({ dataDirectory, port: server.port });
    t.after(() => again.kill());
    const before = writer.acknowledged;
    ok(await until(() => writer.acknowledged > before, WITHIN_MS));
    const acknowledged = writer.acknowledged;
    const target = join(root, "whole");
    const whole = await parley("backup", target, "--data", dataDirectory, "--mb-per-second", "0");
    equal(whole.code, 0, whole.stderr);
    await writer.stop();
    await again.stop();
    const restored = await parley("restore", "--from", target, "--data-dir", join(root, "restored"));
    equal(restored.code, 0, restored.stderr);
    requireAll(await textsIn(world, join(root, "restored")), acknowledged);
  },
);

test("a restore that is killed is refused by the server, or is whole", { timeout: 120_000 }, async (t) => {
  const root = folder(t);
  const seed = seedOfRun();
  t.diagnostic(`PARLEY_SEED=${seed}`);
  const chance = createChance(seed);
  const world = await startWorld(t);
  const client = await world.connect(ANNA);
  await createDirect(client);
  for (let number = 1; number <= MESSAGES; number++) await send(client, number, `message ${number}`);
  const backup = join(root, "backup");
  equal((await parley("backup", backup, "--data", world.dataDirectory)).code, 0);
  const startedMs = performance.now();
  equal((await parley("restore", "--from", backup, "--data-dir", join(root, "timed"))).code, 0);
  const wholeMs = performance.now() - startedMs;
  const refusals: string[] = [];
  for (let round = 0; round < 4; round++) {
    const target = join(root, `round-${round}`);
    const { child, ran } = start(["restore", "--from", backup, "--data-dir", target]);
    await pause(wholeMs * (0.4 + 0.6 * chance.unit()));
    child.kill("SIGKILL");
    await ran;
    const again = await parley("restore", "--from", backup, "--data-dir", target, "--json");
    if (again.code === 0) continue;
    const { error } = JSON.parse(again.stdout) as { readonly error: { readonly code: string } };
    refusals.push(error.code);
    if (error.code === "restore-unfinished") continue;
    equal(error.code, "restore-target-not-empty");
    requireAll(await textsIn(world, target), MESSAGES);
  }
  t.diagnostic(`refused as ${refusals.join(", ")}`);
});

test(
  "a standby survives kills of both sides, and has every message when it is promoted",
  { timeout: 180_000 },
  async (t) => {
    const root = folder(t);
    const tokenFile = join(root, "token");
    writeFileSync(tokenFile, TOKEN, { mode: 0o600 });
    const standbyPort = await freePort();
    const serverArguments = [
      "--standby-listen",
      `127.0.0.1:${standbyPort}`,
      "--standby-token-file",
      tokenFile,
    ];
    const world = await startWorld(t, serverArguments);
    const { dataDirectory } = world;
    let { server } = world;
    await createDirect(await world.connect(ANNA));
    const writer = new Writer(world, server.webSocketUrl);
    const directory = join(root, "standby");
    const args = ["standby", "--from", `http://127.0.0.1:${standbyPort}`, "--token-file", tokenFile];
    let standby = start([...args, "--data-dir", directory, "--json"]);
    t.after(() => standby.child.kill("SIGKILL"));
    const isFollowing = (): Promise<boolean> => until(() => behind(dataDirectory), WITHIN_MS, 200);
    ok(await isFollowing(), "it follows");
    for (const victim of ["standby", "server", "standby", "both"]) {
      if (victim !== "server") {
        standby.child.kill("SIGKILL");
        await standby.ran;
      }
      if (victim !== "standby") {
        await server.kill();
        server = await ServerProcess.start({ dataDirectory, port: server.port, serverArguments });
        t.after(() => server.kill());
      }
      if (victim !== "server") standby = start([...args, "--data-dir", directory, "--json"]);
      const before = writer.acknowledged;
      ok(await until(() => writer.acknowledged > before + 100, WITHIN_MS), `messages go on after ${victim}`);
      ok(await isFollowing(), `it follows after ${victim}`);
    }
    // Nothing is written any more: what is not behind has everything.
    const acknowledged = await writer.stop();
    ok(await until(() => behind(dataDirectory, true), WITHIN_MS, 200), "it has everything");
    await server.kill();
    standby.child.kill("SIGKILL");
    await standby.ran;
    const promoted = await parley("standby", "promote", "--data-dir", directory);
    equal(promoted.code, 0, promoted.stderr);
    requireAll(await textsIn(world, directory), acknowledged);
  },
);

/** Whether a standby follows, or has everything. */
async function behind(dataDirectory: string, isWhole = false): Promise<boolean> {
  const { code, stdout } = await parley("standby", "list", "--data", dataDirectory, "--json");
  if (code !== 0) return false;
  const { standbys } = JSON.parse(stdout) as {
    readonly standbys: readonly {
      readonly behindBytes: number;
      readonly records: number;
      readonly silentSeconds: number;
    }[];
  };
  const [first] = standbys;
  if (first === undefined || first.silentSeconds > 6) return false;
  return isWhole ? first.behindBytes === 0 : true;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
