#!/usr/bin/env -S node --max-semi-space-size=64
// The parley command. (The flag: see "Memory" in docs/operations/performance.md.) It is compiled with everything else; this file only says so when it is not.
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write("parley: not built yet; run npm run build first.\n");
  process.exitCode = 1;
}
