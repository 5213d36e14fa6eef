import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { readModule } from "./module-facts.js";
import type { ModuleFacts } from "./module-facts.js";

/** The part of a package.json that the checks look at. */
export interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export interface WorkspacePackage {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly files: readonly ModuleFacts[];
}

/** Every package of the workspace, and what tests may import from the root's manifest. */
export interface SourceTree {
  readonly packages: readonly WorkspacePackage[];
  readonly rootDevDependencies: readonly string[];
}

interface RootManifest extends Manifest {
  readonly workspaces: readonly string[];
}

const SOURCE_NAME = /\.(?:ts|tsx|mts|cts|js|mjs|cjs|jsx)$/;
const OUTPUT_FOLDERS = new Set(["node_modules", "dist", "build", "coverage"]);

/** Reads the packages that the root manifest names. Cost: parses every source file. */
export function readSourceTree(root: string): SourceTree {
  const manifest = readJson(join(root, "package.json")) as RootManifest;
  const packages = manifest.workspaces
    .flatMap((pattern) => expandPattern(root, pattern))
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .map((folder) => ({
      folder,
      manifest: readJson(join(root, folder, "package.json")) as Manifest,
      files: readFiles(root, folder),
    }));
  return { packages, rootDevDependencies: Object.keys(manifest.devDependencies ?? {}) };
}

function expandPattern(root: string, pattern: string): string[] {
  if (!pattern.endsWith("/*")) return [pattern];
  const parent = pattern.slice(0, -"/*".length);
  if (!existsSync(join(root, parent))) return [];
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`);
}

function readFiles(root: string, folder: string): ModuleFacts[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return OUTPUT_FOLDERS.has(entry.name) ? [] : readFiles(root, path);
    return SOURCE_NAME.test(entry.name)
      ? [readModule({ path, text: readFileSync(join(root, path), "utf8") })]
      : [];
  });
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
