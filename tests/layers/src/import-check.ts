import { posix } from "node:path";

import { isListed, mayImport } from "./layer-table.js";
import type { ModuleFacts } from "./module-facts.js";
import { roleOf } from "./source-role.js";
import type { SourceRole } from "./source-role.js";
import type { SourceTree, WorkspacePackage } from "./source-tree.js";

/** One import of one file, as the checks see it. */
interface Import {
  readonly owner: WorkspacePackage;
  readonly file: ModuleFacts;
  readonly role: SourceRole;
  readonly specifier: string;
  /** The package part of the specifier: "@parley/base" for "@parley/base/node". */
  readonly packageName: string;
  readonly line: number;
}

/**
 * Holds the imports of a package against its manifest and the layer table.
 * Returns one sentence for each violation, none if all is well.
 */
export function checkImports(owner: WorkspacePackage, tree: SourceTree): string[] {
  if (!isListed(owner.folder))
    return [`${owner.folder} has no row in the layer table; decide its place and add it.`];
  const imports = owner.files.flatMap((file) => importsOf(owner, file));
  return [
    ...imports.flatMap((found) => checkRelative(found)),
    ...imports.flatMap((found) => checkDeclared(found, tree)),
    ...imports.flatMap((found) => checkLayer(found, tree)),
    ...checkUnused(owner, imports),
  ];
}

function importsOf(owner: WorkspacePackage, file: ModuleFacts): Import[] {
  const role = roleOf(file.path, owner.folder);
  return file.imports.map(({ name, line }) => {
    return { owner, file, role, specifier: name, packageName: packageNameOf(name), line };
  });
}

function checkRelative({ owner, file, specifier, line }: Import): string[] {
  if (!specifier.startsWith(".")) return [];
  const target = posix.join(posix.dirname(file.path), specifier);
  if (target.startsWith(`${owner.folder}/`)) return [];
  return [
    `${file.path}:${line} imports ${specifier}, which leaves ${owner.folder}; import the package by its name.`,
  ];
}

function checkDeclared(found: Import, { rootDevDependencies }: SourceTree): string[] {
  const { owner, file, role, packageName, line } = found;
  if (isLocal(found) || packageName.startsWith("node:")) return [];
  const { dependencies = {}, devDependencies = {} } = owner.manifest;
  const isForTests = role !== "production";
  if (Object.hasOwn(dependencies, packageName)) return [];
  if (isForTests && Object.hasOwn(devDependencies, packageName)) return [];
  if (isForTests && rootDevDependencies.includes(packageName)) return [];
  const field = isForTests ? "devDependencies" : "dependencies";
  return [
    `${file.path}:${line} imports ${packageName}, which ${owner.folder}/package.json must list in ${field}.`,
  ];
}

function checkLayer(found: Import, { packages }: SourceTree): string[] {
  const { owner, file, packageName, line } = found;
  if (isLocal(found) || !isSister(packageName)) return [];
  const target = packages.find(({ manifest }) => manifest.name === packageName);
  if (target === undefined)
    return [`${file.path}:${line} imports ${packageName}, which is no package of the workspace.`];
  if (mayImport(owner.folder, target.folder)) return [];
  return [
    `${file.path}:${line} imports ${packageName}, but ${owner.folder} may not import ${target.folder}.`,
  ];
}

function checkUnused({ folder, manifest }: WorkspacePackage, imports: readonly Import[]): string[] {
  const used = new Set(imports.map(({ packageName }) => packageName));
  const shipped = new Set(
    imports.filter(({ role }) => role === "production").map(({ packageName }) => packageName),
  );
  const { dependencies = {}, devDependencies = {} } = manifest;
  const unused = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) => isSister(name) && !used.has(name),
  );
  const misplaced = Object.keys(dependencies).filter(
    (name) => isSister(name) && used.has(name) && !shipped.has(name),
  );
  return [
    ...unused.map((name) => `${folder}/package.json lists ${name}, which nothing imports.`),
    ...misplaced.map(
      (name) => `${folder}/package.json lists ${name} in dependencies, but only tests import it.`,
    ),
  ];
}

function isLocal({ specifier }: Import): boolean {
  return specifier.startsWith(".");
}

function isSister(packageName: string): boolean {
  return packageName.startsWith("@parley/");
}

function packageNameOf(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
