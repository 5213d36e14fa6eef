import { rejects } from "node:assert/strict";
import { test } from "node:test";

import { UsageError } from "./numbers.js";
import { runPeers } from "./peers.js";

const DEFAULTS = { rounds: "1", "warm-up": "0", window: "8", online: "10" };

for (const [option, value] of [
  ["systems", "parley,nobody"],
  ["scenarios", "direct,idle,sleep"],
  ["rounds", "0"],
  ["connections", "many"],
] as const) {
  test(`--${option} ${value} is refused before anything is started`, async () => {
    const said: string[] = [];
    const run = runPeers({ ...DEFAULTS, [option]: value }, (line) => void said.push(line));
    await rejects(run, (error) => error instanceof UsageError && error.message.includes(`--${option}`));
  });
}
