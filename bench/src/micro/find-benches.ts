/** Finds what is measured by itself: the `x.bench.ts` of all packages, as they were compiled. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { MicroBench } from "@parley/base/testing";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDERS = ["packages", "services"] as const;
const SUFFIX = ".bench.js";

/** All of them, sorted by file. Errors: an Error that names a file without `benches`. */
export async function findBenches(): Promise<readonly MicroBench[]> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder)).flatMap((name) => compiledIn(join(ROOT, folder, name, "dist"))),
  );
  const found: MicroBench[] = [];
  for (const file of files.toSorted()) {
    const { benches } = (await import(pathToFileURL(file).href)) as { benches?: readonly MicroBench[] };
    if (benches === undefined) throw new Error(`${relative(ROOT, file)} exports no benches.`);
    const noun = file.slice(file.lastIndexOf("/") + 1, -SUFFIX.length);
    for (const bench of benches) found.push({ ...bench, name: `${noun}: ${bench.name}` });
  }
  return found;
}

/** Without what was compiled from a file that is no longer there, and without programs that stand among the test support. */
function compiledIn(dist: string): string[] {
  if (!existsSync(dist)) return [];
  return readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(SUFFIX) && !name.startsWith("testing/"))
    .map((name) => join(dist, name))
    .filter((file) => existsSync(file.replace("/dist/", "/src/").replace(/\.js$/, ".ts")));
}
