import assert from "node:assert/strict";
import { test } from "node:test";
import type { Group } from "@parley/client";
import { GroupInfo, GroupSettings, Member, Scenario, ScenarioRole, filled } from "@parley/protocol";
import { silenceOf } from "./may-post.js";

function group(self: Partial<Member>, settings: Partial<GroupSettings> = {}, scenario?: Scenario): Group {
  return {
    info: filled(GroupInfo, { settings: filled(GroupSettings, settings) }),
    self: filled(Member, { role: "member", ...self }),
    memberCount: 2,
    membersRevision: 1,
    scenario,
  };
}

test("whoever may not write is told why", () => {
  const reader = filled(ScenarioRole, { name: "reader", denied: ["post"] });
  const scenario = filled(Scenario, { roles: [reader] });
  assert.deepEqual(
    [
      group({}),
      group({}, { postBy: "admins" }),
      group({ role: "admin" }, { postBy: "admins" }),
      group({ role: "admin" }, { postBy: "owner" }),
      group({}, { mutedUntilMs: 11 }),
      group({ role: "owner" }, { mutedUntilMs: 11 }),
      group({ role: "admin", mutedUntilMs: 12 }),
      group({ mutedUntilMs: 10 }),
      group({ scenarioRole: "reader" }, {}, scenario),
    ].map((each) => silenceOf(each, 10)),
    [
      undefined,
      { kind: "role" },
      undefined,
      { kind: "role" },
      { kind: "muted", untilMs: 11 },
      undefined,
      { kind: "muted", untilMs: 12 },
      undefined,
      { kind: "role" },
    ],
  );
});
