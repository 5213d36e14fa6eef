// Goal: the real tree keeps to the layer table, its manifests and the rules of the guide that a machine can hold.
// Method: parse every source file of every package and run each check; one test a package, so a failure names it.

import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { checkAmbient } from "./ambient-check.js";
import { checkFiles } from "./file-check.js";
import { checkImports } from "./import-check.js";
import { readSourceTree } from "./source-tree.js";

const tree = readSourceTree(fileURLToPath(new URL("../../../", import.meta.url)));

test("the tree is found", () => {
  ok(tree.packages.some(({ folder, files }) => folder === "packages/base" && files.length > 0));
});

for (const owner of tree.packages) {
  test(`${owner.folder} keeps to the layers and the guide`, () => {
    deepEqual([...checkImports(owner, tree), ...checkAmbient(owner), ...checkFiles(owner)], []);
  });
}
