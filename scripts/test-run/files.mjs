// Which test files there are: the compiled ones whose source still exists, by package.

import { existsSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";

import { rootPath } from "../workspace-model.mjs";

const SOURCE = /\.test\.(?:ts|tsx|mts)$/;

/**
 * Finds the tests of one package among the sources that `filters` select (all of them when there are none).
 * @returns {{ files: string[], missing: string[] }} absolute paths of compiled tests, and the sources that have none:
 * no tsconfig includes them, so they would be left out without a word.
 */
export function findTests({ folder, testOutput }, filters) {
  const sources = walk(join(rootPath, folder, "src"), `${folder}/src`)
    .filter((source) => SOURCE.test(source) && isSelected(source, filters))
    .toSorted();
  const files = [];
  const missing = [];
  for (const source of sources) {
    const compiled = compiledPathOf(source, folder, testOutput);
    if (existsSync(compiled)) files.push(compiled);
    else missing.push(source);
  }
  return { files, missing };
}

/** Whether a package may hold something that the filters select. */
export function mayHold(folder, filters) {
  return (
    filters.length === 0 || filters.some((filter) => isInside(folder, filter) || isInside(filter, folder))
  );
}

/** The source of a compiled test, relative to the root; anything else comes back as it is. */
export function sourcePathOf(file) {
  const path = String(file).replace(/^file:\/\//, "");
  const local = path.startsWith(rootPath) ? posix.relative(rootPath, path) : path;
  return local.replace(/^((?:[^/]+\/){1,2}?)(?:dist|build)\/(.*)\.(m?)js$/, "$1src/$2.$3ts");
}

function compiledPathOf(source, folder, testOutput) {
  const inside = posix.relative(`${folder}/src`, source);
  return join(rootPath, folder, testOutput, inside.replace(/\.(m?)tsx?$/, ".$1js"));
}

function isSelected(source, filters) {
  return filters.length === 0 || filters.some((filter) => isInside(source, filter));
}

function isInside(path, folder) {
  return folder === "." || path === folder || path.startsWith(`${folder}/`);
}

function walk(path, name) {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const child = `${name}/${entry.name}`;
    return entry.isDirectory() ? walk(join(path, entry.name), child) : [child];
  });
}
