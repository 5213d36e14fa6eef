/**
 * The group of a school class. Teachers lead it, and bring in parents and students; parents come by asking as well. A parent is
 * called by the child and the relation to it, and nobody gives a parent another name.
 */
import type { InstalledScenario } from "@parley/contracts";
import {
  type MemberField,
  GroupSettings,
  Scenario,
  ScenarioField,
  ScenarioRole,
  filled,
} from "@parley/protocol";

const RELATIONS = ["mother", "father", "guardian", "grandmother", "grandfather"];
/** A child is called by a name, and not by a sentence. */
const CHILD_NAME = /^\p{L}[\p{L}\p{M}\p{N} .'’-]{0,59}$/u;

export const CLASS_GROUP: InstalledScenario = {
  declared: filled(Scenario, {
    name: "class-group",
    version: 1,
    roles: [
      filled(ScenarioRole, {
        name: "teacher",
        base: "admin",
        fields: [filled(ScenarioField, { name: "subject", setBy: "self" })],
        addedBy: ["owner"],
      }),
      filled(ScenarioRole, {
        name: "parent",
        base: "member",
        fields: [
          filled(ScenarioField, { name: "child", isRequired: true, setBy: "admins" }),
          filled(ScenarioField, {
            name: "relation",
            isRequired: true,
            setBy: "admins",
            choices: RELATIONS,
          }),
        ],
        nickname: "{child}'s {relation}",
        addedBy: ["owner", "teacher"],
        mayJoin: true,
        denied: ["add", "nickname"],
      }),
      filled(ScenarioRole, {
        name: "student",
        base: "member",
        addedBy: ["owner", "teacher"],
        mayJoin: true,
        denied: ["add", "mention"],
      }),
    ],
    creatorRole: "teacher",
    defaultRole: "student",
    settings: filled(GroupSettings, { joinPolicy: "approval", addBy: "admins", editBy: "admins" }),
    locked: ["joinPolicy", "addBy"],
  }),
  checkFields(role, fields) {
    const child = valueOf(fields, "child");
    return role === "parent" && child !== undefined && !CHILD_NAME.test(child)
      ? "The name of a child is made of letters."
      : undefined;
  },
};

function valueOf(fields: readonly MemberField[], name: string): string | undefined {
  const value = fields.find((field) => field.name === name)?.value;
  // An empty one removes it, and whether it may go is said by the role.
  return value === "" ? undefined : value;
}
