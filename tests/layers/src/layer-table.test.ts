import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import { isListed, mayImport } from "./layer-table.js";

test("arrows go down and never up", () => {
  const ladder = [
    "packages/base",
    "packages/protocol",
    "packages/domain",
    "packages/tables",
    "packages/engine-embedded",
    "services/sync",
    "services/server",
    "packages/simulator",
    "bench",
    "tests/e2e",
  ];
  const steps = ladder.flatMap((lower, index) =>
    ladder.slice(index + 1).map((upper) => [lower, upper] as const),
  );
  deepEqual(
    steps.filter(([lower, upper]) => !mayImport(upper, lower) || mayImport(lower, upper)),
    [],
  );
});

test("no service imports another, only the server does", () => {
  deepEqual(
    [mayImport("services/sync", "services/message"), mayImport("services/server", "services/message")],
    [false, true],
  );
});

test("packages of one layer do not import each other", () => {
  equal(mayImport("packages/logs", "packages/tables"), false);
});

test("the client sees base and protocol only, and no service sees the client", () => {
  const seen = [
    "packages/base",
    "packages/protocol",
    "packages/domain",
    "packages/contracts",
    "services/gateway",
  ].filter((folder) => mayImport("packages/client", folder));
  deepEqual(
    [seen, mayImport("services/gateway", "packages/client")],
    [["packages/base", "packages/protocol"], false],
  );
});

test("the web app sees client, protocol and base only", () => {
  const seen = [
    "packages/client",
    "packages/protocol",
    "packages/base",
    "packages/domain",
    "services/api",
  ].filter((folder) => mayImport("apps/web", folder));
  deepEqual(seen, ["packages/client", "packages/protocol", "packages/base"]);
});

test("the simulator sees packages and services, the checker base and protocol", () => {
  const targets = ["packages/client", "packages/engine-nats", "services/message", "services/server"];
  deepEqual(
    [
      targets.filter((target) => !mayImport("packages/simulator", target)),
      [...targets, "packages/protocol"].filter((target) => mayImport("packages/checker", target)),
      [
        mayImport("packages/simulator", "packages/checker"),
        mayImport("packages/checker", "packages/simulator"),
      ],
    ],
    [[], ["packages/protocol"], [true, false]],
  );
});

test("an unknown folder is not listed and imports nothing", () => {
  deepEqual([isListed("packages/misc"), mayImport("packages/misc", "packages/base")], [false, false]);
});
