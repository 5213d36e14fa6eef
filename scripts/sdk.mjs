// npm run size, npm run api: makes the tree ready and runs a tool of tests/sdk with the arguments given, in this process.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ensure, runAsProgram } from "./ensure.mjs";
import { rootPath } from "./workspace-model.mjs";

const [, , tool, ...rest] = process.argv;

await runAsProgram(() => ensure({ withWeb: false }));
if (process.exitCode === 0) {
  process.argv = [process.argv[0], tool, ...rest];
  process.exitCode = undefined;
  await import(pathToFileURL(join(rootPath, "tests", "sdk", "dist", `${tool}.js`)).href);
}
