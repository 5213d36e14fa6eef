/** `npm run api`: writes the reports and the reference of the public API. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { madeFiles } from "./api-report.js";

for (const [path, text] of madeFiles()) {
  const target = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  process.stdout.write(`${path}\n`);
}
