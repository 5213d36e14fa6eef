/** Whether a declared scenario makes sense, asked once, when a server starts. */
import { Failure } from "@parley/base";
import type { InstalledScenario } from "@parley/contracts";
import {
  type ScenarioRole,
  FIELD_NAME_BYTES_MAX,
  MEMBER_FIELDS_MAX,
  Scenario,
  encode,
} from "@parley/protocol";

/** Encoded bytes of one: every group of it has a copy. */
export const SCENARIO_BYTES_MAX = 16 * 1024;
const NAME = new RegExp(`^[a-z][a-z0-9-]{0,${FIELD_NAME_BYTES_MAX - 1}}$`);
const PLAIN_ROLES = ["owner", "admin", "member"];
const SETTERS = ["self", "admins"];

/** Errors: "bad-scenario", with what is wrong in its message. */
export function checkScenarios(scenarios: readonly InstalledScenario[]): void {
  const names = new Set<string>();
  for (const { declared } of scenarios) {
    const wrong = names.has(declared.name) ? "is there twice" : findWrong(declared);
    if (wrong !== undefined)
      throw new Failure("bad-scenario", `The scenario ${declared.name} ${wrong}.`, { retry: "after-change" });
    names.add(declared.name);
  }
}

function findWrong(scenario: Scenario): string | undefined {
  const { name, version, roles, creatorRole, defaultRole } = scenario;
  if (!NAME.test(name)) return "has to have a name of small letters, digits and hyphens";
  if (!Number.isSafeInteger(version) || version < 1) return "has to have a version from 1 on";
  if (encode(Scenario, scenario).length > SCENARIO_BYTES_MAX)
    return `has more than ${SCENARIO_BYTES_MAX} bytes`;
  const known = roles.map((role) => role.name);
  if (new Set(known).size !== known.length) return "has a role twice";
  const find = (role: string): ScenarioRole | undefined => roles.find((each) => each.name === role);
  if (find(creatorRole) === undefined) return "has no role for who creates a group";
  if (find(defaultRole) === undefined) return "has no role for who comes without one being named";
  if (find(creatorRole)!.fields.some(({ isRequired }) => isRequired))
    return "asks for fields of who creates a group, who has none yet";
  for (const role of roles) {
    const wrong = wrongRole(role, known);
    if (wrong !== undefined) return `has a role ${role.name} that ${wrong}`;
  }
  return undefined;
}

function wrongRole(role: ScenarioRole, roles: readonly string[]): string | undefined {
  if (!NAME.test(role.name) || PLAIN_ROLES.includes(role.name)) return "cannot be called that";
  if (role.base !== "admin" && role.base !== "member") return "is neither admin nor member";
  if (role.fields.length > MEMBER_FIELDS_MAX) return `has more than ${MEMBER_FIELDS_MAX} fields`;
  const fields = role.fields.map(({ name }) => name);
  if (new Set(fields).size !== fields.length) return "has a field twice";
  if (!role.fields.every(({ name, setBy }) => NAME.test(name) && SETTERS.includes(setBy)))
    return "has a field that nobody sets, or without a name";
  const used = [...role.nickname.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1]!);
  if (!used.every((name) => fields.includes(name))) return "is called by a field that it does not have";
  if (!role.addedBy.every((name) => PLAIN_ROLES.includes(name) || roles.includes(name)))
    return "is added by a role that does not exist";
  return undefined;
}
