/**
 * Goal: kill -9 at any moment of a walk over old messages loses and doubles none, and leaves nothing in the cold tier that stays
 * for ever.
 *
 * Method: a real process and a real disk. One writer sends message after message, everything is to go cold at once, and the
 * server is killed again and again while it does.
 */
import { equal, ok } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ServerProcess } from "@parley/bench";
import { parley, start } from "./command.js";
import { requireAll, textsIn, Writer } from "./one-writer.js";
import { createChance, seedOfRun } from "./seed.js";
import { pause, until } from "./wait.js";
import { ANNA, createDirect, startWorld } from "./world.js";

const ROUNDS = 8;
const WITHIN_MS = 30_000;
const KILLED_WITHIN_MS = 700;
const TIDY = ["history", "tidy", "--cold-after-days", "0", "--json"] as const;
const OPTIONS = ["--hold-ms", "100", "--cold-after-days", "off"];

test("messages that go cold survive kills of the server", { timeout: 120_000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`PARLEY_SEED=${seed}`);
  const chance = createChance(seed);
  const world = await startWorld(t, OPTIONS);
  const { dataDirectory } = world;
  let { server } = world;
  await createDirect(await world.connect(ANNA));
  const writer = new Writer(world, server.webSocketUrl);
  for (let round = 0; round < ROUNDS; round++) {
    const before = writer.acknowledged;
    ok(await until(() => writer.acknowledged > before + 200, WITHIN_MS), `messages go on in round ${round}`);
    const tidying = start([...TIDY, "--data", dataDirectory]).ran;
    await pause(chance.unit() * KILLED_WITHIN_MS);
    await server.kill();
    await tidying;
    server = await ServerProcess.start({ dataDirectory, port: server.port, serverArguments: OPTIONS });
    t.after(() => server.kill());
  }
  const whole = await parley(...TIDY, "--data", dataDirectory);
  equal(whole.code, 0, whole.stderr);
  const acknowledged = await writer.stop();
  await server.stop();
  const rest = await parley(...TIDY, "--data", dataDirectory);
  equal(rest.code, 0, rest.stderr);
  const { space } = JSON.parse(rest.stdout) as { readonly space: { readonly objects: number } };
  const files = readdirSync(join(dataDirectory, "cold"));
  t.diagnostic(`${acknowledged} messages, ${files.length} files`);
  equal(files.length, space.objects, "every file is known");
  const verified = await parley("tables", "verify", "--data", dataDirectory, "--json");
  equal(verified.code, 0, verified.stdout);
  const { coldBlocks } = JSON.parse(verified.stdout) as { readonly coldBlocks: number };
  ok(coldBlocks > 0);
  requireAll(await textsIn(world, dataDirectory), acknowledged);
});
