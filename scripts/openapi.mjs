// npm run openapi: writes docs/protocol/openapi.json from the routes of services/api.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ensure, runAsProgram, say } from "./ensure.mjs";
import { rootPath } from "./workspace-model.mjs";

const generator = join(rootPath, "services/api/dist/testing/api-document.js");

await runAsProgram(main);

async function main() {
  await ensure({ projects: ["services/api/tsconfig.test.json"], withWeb: false });
  const { DOCUMENT_PATH, apiDocument } = await import(pathToFileURL(generator).href);
  writeFileSync(join(rootPath, DOCUMENT_PATH), await apiDocument());
  // The tree has one layout.
  execFileSync(process.execPath, [join(rootPath, "node_modules/oxfmt/bin/oxfmt"), DOCUMENT_PATH], {
    cwd: rootPath,
  });
  say(`wrote ${DOCUMENT_PATH}`);
}
