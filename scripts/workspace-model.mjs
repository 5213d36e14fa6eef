// What the workspace consists of: the packages on disk, what their manifests declare, and the TypeScript projects and
// references that follow from it. Everything here reads; `workspace.mjs` writes.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const rootPath = resolve(dirname(fileURLToPath(import.meta.url)), "..");

const TEST_PROJECT = "tsconfig.test.json";
const DEFAULT_PROJECTS = ["tsconfig.json", TEST_PROJECT];
const TEST_FILES = ["src/**/*.test.ts", "src/testing/**/*.ts"];

/**
 * @typedef {object} WorkspacePackage
 * @property {string} name the name in the manifest
 * @property {string} folder relative to the root, with forward slashes
 * @property {object} manifest the parsed package.json
 * @property {"neutral" | "node" | "web"} environment what its sources may assume about the machine
 * @property {string[]} projects its tsconfig files, relative to its folder
 * @property {string} testOutput where its compiled tests lie, relative to its folder
 */

/** Finds every workspace package of the tree under `root`, sorted by folder. */
export function readWorkspace(root = rootPath) {
  const { workspaces } = readJson(join(root, "package.json"));
  return workspaces
    .flatMap((pattern) => expandPattern(root, pattern))
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .toSorted()
    .map((folder) => readPackage(root, folder));
}

/**
 * Derives the references of one project of a package.
 * Order: the package's own projects first, then its sisters by folder. Sisters that are not on disk are left out.
 */
export function referencesOf(owner, project, packages) {
  const isTest = project === TEST_PROJECT;
  const own = isTest
    ? owner.projects.filter((other) => other !== TEST_PROJECT)
    : owner.projects.slice(0, 1).filter((first) => first !== project);
  const sisters = packages.filter((sister) => {
    if (declares(owner.manifest.dependencies, sister)) return true;
    return isTest && declares(owner.manifest.devDependencies, sister);
  });
  const paths = sisters.flatMap((sister) =>
    sister.projects
      .filter((other) => other !== TEST_PROJECT || (isTest && lendsTestSupport(sister.manifest)))
      .map((other) => join(sister.folder, other)),
  );
  return [...own.map((other) => `./${other}`), ...paths.map((path) => posix.relative(owner.folder, path))];
}

/** The references of the root tsconfig: every project of every package. */
export function rootReferences(packages) {
  return packages.flatMap(({ folder, projects }) => projects.map((project) => `./${folder}/${project}`));
}

/**
 * The tsconfig a package starts from when it has none; the references are filled in afterwards.
 * `tsconfig.json` compiles src, `tsconfig.test.json` the tests, and any other `tsconfig.X.json` the folder src/X.
 */
export function projectTemplate(owner, project) {
  const folder = sourceFolderOf(project);
  const isTest = project === TEST_PROJECT;
  const folderOptions = { node: { types: ["node"] }, browser: { lib: ["es2023", "dom", "dom.iterable"] } };
  const options = isTest || owner.environment === "node" ? folderOptions.node : folderOptions[folder];
  const others = owner.projects.map(sourceFolderOf).filter((other) => other !== undefined);
  const apart = project === "tsconfig.json" ? others.map((other) => `src/${other}/**/*.ts`) : [];
  return {
    extends: `${"../".repeat(owner.folder.split("/").length)}tsconfig.base.json`,
    compilerOptions: {
      ...options,
      tsBuildInfoFile: `dist/${project.replace(/\.json$/, ".tsbuildinfo")}`,
    },
    include: isTest ? TEST_FILES : [folder === undefined ? "src/**/*.ts" : `src/${folder}/**/*.ts`],
    ...(isTest ? {} : { exclude: [...TEST_FILES, ...apart] }),
    references: [],
  };
}

/** Reads a JSON file; a syntax error names the file. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Error(`${path} cannot be read as JSON: ${cause.message}`, { cause });
  }
}

function readPackage(root, folder) {
  const manifest = readJson(join(root, folder, "package.json"));
  const settings = manifest.parley ?? {};
  const environment = settings.environment ?? (folder.startsWith("packages/") ? "neutral" : "node");
  return {
    name: manifest.name,
    folder,
    manifest,
    environment,
    projects: settings.projects ?? (environment === "web" ? [] : DEFAULT_PROJECTS),
    testOutput: settings.testOutput ?? "dist",
  };
}

// "browser" for tsconfig.browser.json; undefined for tsconfig.json and the test project.
function sourceFolderOf(project) {
  return project === TEST_PROJECT ? undefined : /^tsconfig\.([a-z-]+)\.json$/.exec(project)?.[1];
}

function expandPattern(root, pattern) {
  if (!pattern.endsWith("/*")) return [pattern];
  const parent = pattern.slice(0, -2);
  if (!existsSync(join(root, parent))) return [];
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`);
}

function declares(dependencies, sister) {
  return dependencies !== undefined && Object.hasOwn(dependencies, sister.name);
}

// A package lends test support (a conformance suite, a fixture) by exporting from src/testing, which its test project
// compiles. Only then do the tests of its dependents refer to that project.
function lendsTestSupport(manifest) {
  return JSON.stringify(manifest.exports ?? {}).includes("./dist/testing/");
}
