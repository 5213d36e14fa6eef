// npm run proto: writes docs/protocol/parley.proto from the schemas of packages/protocol.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ensure, runAsProgram, say } from "./ensure.mjs";
import { rootPath } from "./workspace-model.mjs";

const generator = join(rootPath, "packages/protocol/dist/testing/proto-text.js");

await runAsProgram(main);

async function main() {
  await ensure({ projects: ["packages/protocol/tsconfig.test.json"], withWeb: false });
  const { PROTO_PATH, protoText } = await import(pathToFileURL(generator).href);
  writeFileSync(join(rootPath, PROTO_PATH), protoText());
  say(`wrote ${PROTO_PATH}`);
}
