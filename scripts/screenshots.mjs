// npm run screenshots -- [folder]: makes the tree ready and takes pictures of the web chat's main screens, in this process.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ensure, runAsProgram } from "./ensure.mjs";
import { rootPath } from "./workspace-model.mjs";

await runAsProgram(() => ensure());
if (process.exitCode === 0) {
  process.exitCode = undefined;
  await import(pathToFileURL(join(rootPath, "tests", "e2e", "dist", "testing", "screenshots.js")).href);
}
