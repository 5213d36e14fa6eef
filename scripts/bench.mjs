// npm run bench: makes the tree ready and runs the load tool with the arguments given, in this process.
// Nothing here writes to stdout, which belongs to the report of the load tool.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ensure, runAsProgram, say } from "./ensure.mjs";
import { rootPath } from "./workspace-model.mjs";

const entry = join(rootPath, "bench", "dist", "main.js");

await runAsProgram(() => ensure());
if (process.exitCode === 0) await startBench();

async function startBench() {
  if (!existsSync(entry)) {
    say("bench has no main.js; is src/main.ts there?");
    process.exitCode = 1;
    return;
  }
  process.argv[1] = entry;
  process.exitCode = undefined;
  await import(pathToFileURL(entry).href);
}
