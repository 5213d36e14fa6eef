import { deepEqual } from "node:assert/strict";
import { test } from "node:test";

import { checkAmbient } from "./ambient-check.js";
import { packageOf } from "./testing/fixture.js";

const USES: readonly (readonly [string, string])[] = [
  ["Date.now()", "Date.now; take a Clock from @parley/base"],
  ["Date.now", "Date.now; take a Clock from @parley/base"],
  ["new Date()", "new Date(); take a Clock from @parley/base"],
  ["performance.now()", "performance.now; take a Clock from @parley/base"],
  ["process.hrtime.bigint()", "process.hrtime; take a Clock from @parley/base"],
  ["Math.random()", "Math.random; take a Random from @parley/base"],
  ['Math["random"]()', "Math.random; take a Random from @parley/base"],
  ["setTimeout(() => {}, 1)", "setTimeout; take a Scheduler from @parley/base"],
  ["globalThis.setTimeout(() => {}, 1)", "setTimeout; take a Scheduler from @parley/base"],
  ["[1].map(setInterval as never)", "setInterval; take a Scheduler from @parley/base"],
  ["setImmediate(() => {})", "setImmediate; take a Scheduler from @parley/base"],
  ["{ later: setTimeout }", "setTimeout; take a Scheduler from @parley/base"],
  ["process.env", "process.env; take the value as an option; services/server reads the environment"],
  ['console.log("x")', "console; take a logger"],
];

for (const [expression, complaint] of USES) {
  test(`a production source may not say ${expression}`, () => {
    const owner = packageOf("packages/domain", { "src/a.ts": `\nexport const a = ${expression};` });
    deepEqual(checkAmbient(owner), [`packages/domain/src/a.ts:2 uses ${complaint}.`]);
  });
}

const HARMLESS = [
  "new Date(0)",
  "scheduler.setTimeout(() => {}, 1)",
  "{ setTimeout: (): number => 1 }",
  "(x: ReturnType<typeof setTimeout>): void => {}",
  '"Math.random() in a string"',
  "/* console.log */ 1",
  "process.pid",
  "logger.console.log",
  "class { setTimeout(): void {} }",
];

for (const expression of HARMLESS) {
  test(`a production source may say ${expression}`, () => {
    deepEqual(
      checkAmbient(packageOf("packages/domain", { "src/a.ts": `export const a = ${expression};` })),
      [],
    );
  });
}

test("timers do not come in through their module", () => {
  const owner = packageOf("services/sync", {
    "src/a.ts": 'import { scheduler } from "node:timers/promises";',
  });
  deepEqual(checkAmbient(owner), [
    "services/sync/src/a.ts:1 imports node:timers/promises; take a Scheduler from @parley/base.",
  ]);
});

test("a service is held to the rule, and the server is not", () => {
  const texts = { "src/a.ts": "export const a = Math.random();" };
  const complaintCounts = [
    "services/sync",
    "packages/client",
    "services/server",
    "apps/cli",
    "bench",
    "tests/e2e",
  ].map((folder) => checkAmbient(packageOf(folder, texts)).length);
  deepEqual(complaintCounts, [1, 1, 0, 0, 0, 0]);
});

test("the folders that meet the outside world are exempt, their neighbours are not", () => {
  const text = "export const a = Math.random();";
  const owner = packageOf("packages/base", { "src/node/a.ts": text, "src/nodes.ts": text });
  const client = packageOf("packages/client", {
    "src/browser/a.ts": text,
    "src/node/a.ts": text,
    "src/common/a.ts": text,
  });
  const engine = packageOf("packages/engine-nats", { "src/a.ts": text });
  deepEqual(
    [owner, client, engine].flatMap(checkAmbient).map((complaint) => complaint.split(":")[0]),
    ["packages/base/src/nodes.ts", "packages/client/src/common/a.ts"],
  );
});

test("tests, benchmarks and test support are exempt", () => {
  const text = "export const a = Math.random();";
  const owner = packageOf("packages/domain", {
    "src/a.test.ts": text,
    "src/a.bench.ts": text,
    "src/testing/a.ts": text,
    "vite.config.ts": text,
  });
  deepEqual(checkAmbient(owner), []);
});
