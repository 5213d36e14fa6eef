import { posix } from "node:path";

import type { ModuleFacts } from "./module-facts.js";
import { roleOf } from "./source-role.js";
import type { WorkspacePackage } from "./source-tree.js";

const SOURCE_LINES_MAX = 500;
const TEST_LINES_MAX = 900;

const KEBAB_FILE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)*\.[a-z]+$/;
const KEBAB_FOLDER = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Checks names, lengths and exports of the files of a package. Returns one sentence for each violation. */
export function checkFiles({ folder, files }: WorkspacePackage): string[] {
  return files.flatMap((file) => [
    ...checkName(file, folder),
    ...checkLength(file, folder),
    ...(roleOf(file.path, folder) === "tooling" ? [] : checkExports(file)),
  ]);
}

function checkName({ path }: ModuleFacts, folder: string): string[] {
  const parts = path.slice(folder.length + 1).split("/");
  const folders = parts.slice(0, -1);
  const isKebab = KEBAB_FILE.test(posix.basename(path)) && folders.every((name) => KEBAB_FOLDER.test(name));
  return isKebab ? [] : [`${path} must be named in kebab-case.`];
}

function checkLength({ path, lineCount }: ModuleFacts, folder: string): string[] {
  const linesMax = roleOf(path, folder) === "test" ? TEST_LINES_MAX : SOURCE_LINES_MAX;
  return lineCount <= linesMax ? [] : [`${path} has ${lineCount} lines; split it, ${linesMax} is the limit.`];
}

function checkExports({ path, defaultExports }: ModuleFacts): string[] {
  return defaultExports.map(({ line }) => `${path}:${line} has a default export; give it a name.`);
}
