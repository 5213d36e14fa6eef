// npm start: makes the tree ready and runs the server with the arguments given.
//
// The server runs in this very process, so a signal reaches it once, from whoever sends it, and its exit code is ours.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ensure, runAsProgram, say } from "./ensure.mjs";
import { rootPath } from "./workspace-model.mjs";

const entry = join(rootPath, "services", "server", "dist", "main.js");

await runAsProgram(() => ensure());
if (process.exitCode === 0) await startServer();

async function startServer() {
  if (!existsSync(entry)) {
    say("services/server has no main.js; is src/main.ts there?");
    process.exitCode = 1;
    return;
  }
  process.argv[1] = entry;
  process.exitCode = undefined;
  await import(pathToFileURL(entry).href);
}
