import { deepEqual } from "node:assert/strict";
import { test } from "node:test";

import { checkFiles } from "./file-check.js";
import { packageOf } from "./testing/fixture.js";

test("kebab-case names pass, with suffixes", () => {
  const owner = packageOf("packages/base", {
    "src/node/bounded-queue.cassandra.test.ts": "",
    "src/index.ts": "",
  });
  deepEqual(checkFiles(owner), []);
});

for (const path of [
  "src/boundedQueue.ts",
  "src/BoundedQueue.ts",
  "src/bounded_queue.ts",
  "src/Node/queue.ts",
]) {
  test(`${path} is refused for its name`, () => {
    const owner = packageOf("packages/base", { [path]: "" });
    deepEqual(checkFiles(owner), [`packages/base/${path} must be named in kebab-case.`]);
  });
}

test("a source may have 500 lines and a test 900, and not one more", () => {
  const owner = packageOf("packages/base", {
    "src/fits.ts": "//\n".repeat(500),
    "src/long.ts": "//\n".repeat(501),
    "src/fits.test.ts": "//\n".repeat(900),
    "src/long.test.ts": "//\n".repeat(901),
  });
  deepEqual(checkFiles(owner), [
    "packages/base/src/long.ts has 501 lines; split it, 500 is the limit.",
    "packages/base/src/long.test.ts has 901 lines; split it, 900 is the limit.",
  ]);
});

for (const text of [
  "export default 1;",
  "const a = 1; export { a as default };",
  'export { default } from "./b.js";',
]) {
  test(`a default export is refused: ${text}`, () => {
    const owner = packageOf("packages/base", { "src/a.ts": text });
    deepEqual(checkFiles(owner), ["packages/base/src/a.ts:1 has a default export; give it a name."]);
  });
}

test("a build config outside src may have the default export that its tool wants", () => {
  deepEqual(checkFiles(packageOf("apps/web", { "vite.config.ts": "export default {};" })), []);
});
