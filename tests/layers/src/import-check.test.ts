import { deepEqual } from "node:assert/strict";
import { test } from "node:test";

import { checkImports } from "./import-check.js";
import { packageOf, treeAround } from "./testing/fixture.js";

const BASE = { "@parley/base": "0.1.0" };

test("a declared import of a lower layer passes, with subpaths", () => {
  const owner = packageOf(
    "packages/protocol",
    { "src/a.ts": 'import { assert } from "@parley/base";\nexport { x } from "@parley/base/node";' },
    { dependencies: BASE },
  );
  deepEqual(checkImports(owner, treeAround(owner, ["packages/base"])), []);
});

const FORMS = [
  'import { a } from "@parley/base";',
  'import type { A } from "@parley/base";',
  'import "@parley/base";',
  'export { a } from "@parley/base";',
  'export * from "@parley/base";',
  'const a = await import("@parley/base");',
  'type A = import("@parley/base").A;',
  'const path = import.meta.resolve("@parley/base/node");',
];

for (const form of FORMS) {
  test(`an undeclared import is found in: ${form}`, () => {
    const owner = packageOf("packages/protocol", { "src/a.ts": `\n${form}` });
    deepEqual(checkImports(owner, treeAround(owner, ["packages/base"])), [
      "packages/protocol/src/a.ts:2 imports @parley/base, which packages/protocol/package.json must list in dependencies.",
    ]);
  });
}

test("an import in a comment or a string is none", () => {
  const text = '// import "@parley/base";\nexport const a = \'import "@parley/base"\';';
  const owner = packageOf("packages/protocol", { "src/a.ts": text });
  deepEqual(checkImports(owner, treeAround(owner, ["packages/base"])), []);
});

test("an import against the table is refused although it is declared", () => {
  const owner = packageOf(
    "services/sync",
    { "src/a.ts": 'import { a } from "@parley/message";' },
    { dependencies: { "@parley/message": "0.1.0" } },
  );
  deepEqual(checkImports(owner, treeAround(owner, ["services/message"])), [
    "services/sync/src/a.ts:1 imports @parley/message, but services/sync may not import services/message.",
  ]);
});

test("tests are held to the table too", () => {
  const owner = packageOf(
    "packages/protocol",
    { "src/a.test.ts": 'import { a } from "@parley/domain";' },
    { devDependencies: { "@parley/domain": "0.1.0" } },
  );
  deepEqual(checkImports(owner, treeAround(owner, ["packages/domain"])), [
    "packages/protocol/src/a.test.ts:1 imports @parley/domain, but packages/protocol may not import packages/domain.",
  ]);
});

test("a dependency that nothing imports is refused", () => {
  const owner = packageOf("packages/protocol", { "src/a.ts": "export const a = 1;" }, { dependencies: BASE });
  deepEqual(checkImports(owner, treeAround(owner, ["packages/base"])), [
    "packages/protocol/package.json lists @parley/base, which nothing imports.",
  ]);
});

test("a dependency that only tests import belongs to devDependencies", () => {
  const text = 'import { a } from "@parley/base";';
  const owner = packageOf("packages/protocol", { "src/a.test.ts": text }, { dependencies: BASE });
  deepEqual(checkImports(owner, treeAround(owner, ["packages/base"])), [
    "packages/protocol/package.json lists @parley/base in dependencies, but only tests import it.",
  ]);
});

test("a source may not lean on a development dependency", () => {
  const text = 'import { a } from "@parley/base";';
  const owner = packageOf("packages/protocol", { "src/a.ts": text }, { devDependencies: BASE });
  deepEqual(checkImports(owner, treeAround(owner, ["packages/base"])), [
    "packages/protocol/src/a.ts:1 imports @parley/base, which packages/protocol/package.json must list in dependencies.",
  ]);
});

test("a development dependency of the root serves tests and not sources", () => {
  const text = 'import fc from "fast-check";';
  const owner = packageOf("packages/base", {
    "src/a.ts": text,
    "src/a.test.ts": text,
    "src/testing/b.ts": text,
  });
  deepEqual(checkImports(owner, treeAround(owner, [])), [
    "packages/base/src/a.ts:1 imports fast-check, which packages/base/package.json must list in dependencies.",
  ]);
});

test("a module of Node needs its prefix", () => {
  const text = 'import { join } from "path";\nimport { sep } from "node:path";';
  const owner = packageOf("packages/base", { "src/node/a.ts": text });
  deepEqual(checkImports(owner, treeAround(owner, [])), [
    "packages/base/src/node/a.ts:1 imports path, which packages/base/package.json must list in dependencies.",
  ]);
});

test("a relative import stays inside its package", () => {
  const text = 'import { a } from "../b.js";\nimport { c } from "../../../base/src/c.js";';
  const owner = packageOf("packages/protocol", { "src/inner/a.ts": text });
  deepEqual(checkImports(owner, treeAround(owner, ["packages/base"])), [
    "packages/protocol/src/inner/a.ts:2 imports ../../../base/src/c.js, which leaves packages/protocol; import the package by its name.",
  ]);
});

test("an import of a package that does not exist is refused", () => {
  const owner = packageOf(
    "bench",
    { "src/a.ts": 'import { a } from "@parley/gone";' },
    { dependencies: { "@parley/gone": "0.1.0" } },
  );
  deepEqual(checkImports(owner, treeAround(owner, [])), [
    "bench/src/a.ts:1 imports @parley/gone, which is no package of the workspace.",
  ]);
});

test("a folder without a row in the table is refused", () => {
  const owner = packageOf("packages/misc", {});
  deepEqual(checkImports(owner, treeAround(owner, [])), [
    "packages/misc has no row in the layer table; decide its place and add it.",
  ]);
});
