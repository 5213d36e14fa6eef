import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { type Init, Scenario, ScenarioField, ScenarioRole, filled } from "@parley/protocol";
import { ANNOUNCEMENT } from "./announcement.js";
import { checkScenarios } from "./check-scenario.js";
import { CLASS_GROUP } from "./class-group.js";

const READER = filled(ScenarioRole, { name: "reader", base: "member" });

function codeOf(...changes: readonly Init<Scenario>[]): string | undefined {
  const good = { name: "news", version: 1, roles: [READER], creatorRole: "reader", defaultRole: "reader" };
  try {
    checkScenarios(changes.map((change) => ({ declared: filled(Scenario, { ...good, ...change }) })));
    return undefined;
  } catch (error) {
    return failureCode(error);
  }
}

function withRole(role: Init<ScenarioRole>): Init<Scenario> {
  return { roles: [READER, filled(ScenarioRole, { name: "other", base: "member", ...role })] };
}

test("the scenarios that come with Parley are right", () => {
  checkScenarios([CLASS_GROUP, ANNOUNCEMENT]);
});

test("a scenario that cannot work is refused when the server starts", () => {
  const field = filled(ScenarioField, { name: "child", isRequired: true, setBy: "self" });
  const good = [
    codeOf({}),
    codeOf(withRole({ fields: [field], nickname: "{child}", addedBy: ["reader", "owner"] })),
  ];
  assert.deepEqual(good, [undefined, undefined]);
  const bad: readonly (string | undefined)[] = [
    codeOf({}, {}),
    codeOf({ name: "No" }),
    codeOf({ version: 0 }),
    codeOf({ roles: [READER, READER] }),
    codeOf({ creatorRole: "nobody" }),
    codeOf({ defaultRole: "" }),
    codeOf({ roles: [{ ...READER, fields: [field] }] }),
    codeOf(withRole({ name: "owner" })),
    codeOf(withRole({ base: "owner" })),
    codeOf(withRole({ nickname: "{child}" })),
    codeOf(withRole({ fields: [field, field] })),
    codeOf(withRole({ fields: [{ ...field, setBy: "" }] })),
    codeOf(withRole({ addedBy: ["king"] })),
    codeOf(withRole({ fields: [{ ...field, choices: ["x".repeat(20_000)] }] })),
    codeOf(withRole({ fields: Array.from({ length: 17 }, (_, index) => ({ ...field, name: `f${index}` })) })),
  ];
  assert.deepEqual(bad, Array(bad.length).fill("bad-scenario"));
});

test("a child of a class is called by a name", () => {
  const check = (value: string): string | undefined =>
    CLASS_GROUP.checkFields!("parent", [{ name: "child", value }]);
  assert.deepEqual(
    ["Ida", "李雷", "Anne-Marie O’Neil", "", "<b>", "1"].map((value) => check(value) === undefined),
    [true, true, true, true, false, false],
  );
});
