// npm run simulate: makes the tree ready and runs the simulator with the arguments given, in this process.
// Nothing here writes to stdout, which belongs to the simulator's figures.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ensure, runAsProgram, say } from "./ensure.mjs";
import { rootPath } from "./workspace-model.mjs";

const entry = join(rootPath, "packages", "simulator", "dist", "main.js");

await runAsProgram(() => ensure());
if (process.exitCode === 0) await startSimulator();

async function startSimulator() {
  if (!existsSync(entry)) {
    say("packages/simulator has no main.js; is src/main.ts there?");
    process.exitCode = 1;
    return;
  }
  process.argv[1] = entry;
  process.exitCode = undefined;
  await import(pathToFileURL(entry).href);
}
