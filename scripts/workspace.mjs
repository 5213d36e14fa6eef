// Brings the tsconfig files into line with the package manifests, so that references and dependencies never differ.
//
//   npm run workspace             creates missing tsconfigs, rewrites references, links new packages
//   npm run workspace -- --check  changes nothing; lists what differs and exits with 1

import { existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { runAsProgram } from "./ensure.mjs";
import {
  projectTemplate,
  readJson,
  readWorkspace,
  referencesOf,
  rootPath,
  rootReferences,
} from "./workspace-model.mjs";

const isCheck = process.argv.includes("--check");
const differences = [];

await runAsProgram(main);

function main() {
  const packages = readWorkspace();
  const complaints = [
    ...packages.flatMap((owner) => complaintsAboutManifest(owner, packages)),
    ...complaintsAboutOrder(packages),
  ];
  for (const owner of packages) {
    for (const project of owner.projects) {
      bringInLine(
        `${owner.folder}/${project}`,
        () => projectTemplate(owner, project),
        referencesOf(owner, project, packages),
      );
    }
    linkPackage(owner);
  }
  bringInLine("tsconfig.json", () => ({ files: [], references: [] }), rootReferences(packages));
  if (isCheck) compareLock(packages);

  const failures = isCheck ? [...complaints, ...differences] : complaints;
  for (const failure of failures) console.error(failure);
  if (isCheck && differences.length > 0)
    console.error("Run: npm run workspace (and npm install when the lock is behind).");
  return failures.length > 0 ? 1 : 0;
}

function bringInLine(file, template, references) {
  const path = join(rootPath, file);
  const isNew = !existsSync(path);
  const current = isNew ? template() : readJson(path);
  const wanted = references.map((reference) => ({ path: reference }));
  if (!isNew && JSON.stringify(current.references) === JSON.stringify(wanted)) return;
  differences.push(isNew ? `${file} is missing.` : `${file}: references differ from the manifests.`);
  if (isCheck) return;
  writeFileSync(path, `${render({ ...current, references: wanted })}\n`);
  console.error(isNew ? `created ${file}` : `updated ${file}`);
}

// New packages are usable before the next npm install: npm makes the very same link.
function linkPackage({ name, folder }) {
  const link = join(rootPath, "node_modules", name);
  if (isCheck || !existsSync(join(rootPath, "node_modules")) || isPresent(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), join(rootPath, folder)), link, "junction");
  console.error(`linked ${name}; run npm install to bring package-lock.json up to date`);
}

function compareLock(packages) {
  const locked = readJson(join(rootPath, "package-lock.json")).packages;
  for (const { folder, manifest } of packages) {
    for (const field of ["dependencies", "devDependencies"]) {
      const isSame = sortedEntries(locked[folder]?.[field]) === sortedEntries(manifest[field]);
      if (!isSame) differences.push(`package-lock.json: ${field} of ${folder} differ from its manifest.`);
    }
  }
}

function complaintsAboutManifest({ name, folder, manifest }, packages) {
  const found = [];
  if (manifest.version !== "0.1.0") found.push(`${folder}: version must be 0.1.0.`);
  if (manifest.type !== "module") found.push(`${folder}: "type" must be "module".`);
  if (!/^@parley\/[a-z][a-z0-9-]*$/.test(name ?? ""))
    found.push(`${folder}: the name must read @parley/kebab-case.`);
  for (const [dependency, version] of Object.entries({
    ...manifest.dependencies,
    ...manifest.devDependencies,
  })) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      found.push(`${folder}: ${dependency} must be pinned exactly.`);
    const isSister = dependency.startsWith("@parley/");
    const isOnDisk = packages.some((sister) => sister.name === dependency);
    if (isSister && !isOnDisk) found.push(`${folder}: depends on ${dependency}, which does not exist.`);
  }
  return found;
}

// A circle of references makes tsc -b fail with a message that does not say whose manifest is at fault.
function complaintsAboutOrder(all) {
  const found = [];
  const finished = new Set();
  const visit = (owner, trail) => {
    const start = trail.indexOf(owner.name);
    if (start >= 0)
      return void found.push(
        `Packages depend on each other: ${[...trail.slice(start), owner.name].join(" -> ")}.`,
      );
    if (finished.has(owner.name)) return;
    const names = Object.keys({ ...owner.manifest.dependencies });
    for (const next of all.filter(({ name }) => names.includes(name))) visit(next, [...trail, owner.name]);
    finished.add(owner.name);
  };
  for (const owner of all) visit(owner, []);
  return found;
}

function isPresent(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function sortedEntries(record) {
  return JSON.stringify(Object.entries(record ?? {}).toSorted());
}

// The formatter's layout: short arrays and objects of one member on one line.
function render(config) {
  return JSON.stringify(config, null, 2)
    .replace(/\{\n\s+("path": "[^"]*")\n\s+\}/g, "{ $1 }")
    .replace(
      /\[\n\s+("[^"\n]*"(?:,\n\s+"[^"\n]*")*)\n\s+\]/g,
      (_, inner) => `[${inner.replace(/\n\s+/g, " ")}]`,
    );
}
