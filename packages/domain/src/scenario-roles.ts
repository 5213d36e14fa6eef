/** What a scenario makes of its members: their role, their fields, their nickname. A group without a scenario has none of it. */
import { type MemberField, type Scenario, type ScenarioRole, NICKNAME_BYTES_MAX } from "@parley/protocol";
import type { MemberRow } from "./conversation-rows.js";
import { type Verdict, refused } from "./verdict.js";

/** What of a member's row comes from the scenario. */
export type Cast = Pick<MemberRow, "role" | "scenarioRole" | "fields" | "nickname">;

const PLAIN: Cast = { role: "member", scenarioRole: "", fields: [], nickname: "" };

/** Undefined when there is no such role, or it asks for other fields than these. */
export function castAs(
  scenario: Scenario | undefined,
  scenarioRole: string,
  fields: readonly MemberField[],
): Cast | undefined {
  if (scenario === undefined) return scenarioRole === "" && fields.length === 0 ? PLAIN : undefined;
  const role = scenario.roles.find(({ name }) => name === scenarioRole);
  if (role === undefined || !fitsRole(role, fields)) return undefined;
  return {
    role: role.base === "admin" ? "admin" : "member",
    scenarioRole,
    fields,
    nickname: composedNickname(role, fields) ?? "",
  };
}

/** Whether these are all the fields of a member of this role. */
export function fitsRole(role: ScenarioRole, fields: readonly MemberField[]): boolean {
  const values = new Map(fields.map(({ name, value }) => [name, value]));
  if (values.size !== fields.length) return false;
  const isKnown = (name: string): boolean => role.fields.some((field) => field.name === name);
  if (!fields.every(({ name }) => isKnown(name))) return false;
  return role.fields.every(({ name, isRequired, choices }) => {
    const value = values.get(name) ?? "";
    if (value === "") return !isRequired;
    return choices.length === 0 || choices.includes(value);
  });
}

/** Undefined where members choose their nicknames. */
export function composedNickname(role: ScenarioRole, fields: readonly MemberField[]): string | undefined {
  if (role.nickname === "") return undefined;
  const values = new Map(fields.map(({ name, value }) => [name, value]));
  const composed = role.nickname.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => values.get(name) ?? "");
  return cutToBytes(composed.trim(), NICKNAME_BYTES_MAX);
}

/**
 * Why somebody may not add members of this role; undefined: may. What the role says comes before what the group's settings
 * say, which is `forbidden`.
 */
export function refusedAs(
  scenario: Scenario | undefined,
  scenarioRole: string,
  actor: MemberRow,
  forbidden: Verdict | undefined,
): Verdict | undefined {
  const addedBy = scenario?.roles.find(({ name }) => name === scenarioRole)?.addedBy ?? [];
  if (addedBy.length === 0) return forbidden;
  const isNamed = addedBy.includes(actor.role) || addedBy.includes(actor.scenarioRole);
  return isNamed ? undefined : refused("not-allowed");
}

/** No more bytes of UTF-8 than this, and no code point in parts. */
function cutToBytes(text: string, bytesMax: number): string {
  let bytes = 0;
  let cut = "";
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x8_00 ? 2 : code < 0x1_00_00 ? 3 : 4;
    if (bytes > bytesMax) break;
    cut += character;
  }
  return cut;
}
