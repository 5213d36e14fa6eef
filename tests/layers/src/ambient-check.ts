import type { ModuleFacts } from "./module-facts.js";
import { roleOf } from "./source-role.js";
import type { WorkspacePackage } from "./source-tree.js";

// Here the outside world is met and handed on, so here it may be touched.
const EXEMPT_FOLDERS = [
  "apps/",
  "examples/",
  "bench/",
  "tests/",
  "services/server/",
  "packages/base/src/node/",
  "packages/engine-",
  "packages/client/src/browser/",
  "packages/client/src/node/",
];

const TIMER_MODULES = new Set(["node:timers", "node:timers/promises"]);

const REPLACEMENTS: ReadonlyMap<string, string> = new Map([
  ["Date.now", "take a Clock from @parley/base"],
  ["new Date()", "take a Clock from @parley/base"],
  ["performance.now", "take a Clock from @parley/base"],
  ["process.hrtime", "take a Clock from @parley/base"],
  ["Math.random", "take a Random from @parley/base"],
  ["setTimeout", "take a Scheduler from @parley/base"],
  ["setInterval", "take a Scheduler from @parley/base"],
  ["setImmediate", "take a Scheduler from @parley/base"],
  ["process.env", "take the value as an option; services/server reads the environment"],
  ["console", "take a logger"],
]);

/**
 * Finds production sources that reach for time, chance, timers, environment or console instead of being given them.
 * Returns one sentence for each.
 */
export function checkAmbient({ folder, files }: WorkspacePackage): string[] {
  return files
    .filter(({ path }) => roleOf(path, folder) === "production")
    .filter(({ path }) => !EXEMPT_FOLDERS.some((exempt) => path.startsWith(exempt)))
    .flatMap(checkFile);
}

function checkFile({ path, ambientUses, imports }: ModuleFacts): string[] {
  const timers = imports.filter(({ name }) => TIMER_MODULES.has(name));
  return [
    ...ambientUses.map(({ name, line }) => `${path}:${line} uses ${name}; ${REPLACEMENTS.get(name) ?? ""}.`),
    ...timers.map(({ name, line }) => `${path}:${line} imports ${name}; take a Scheduler from @parley/base.`),
  ];
}
