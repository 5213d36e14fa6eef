/** What requests about groups may hold. What it means in a group is decided by the conversation machine. */
import type { InstalledScenario } from "@parley/contracts";
import {
  type GroupSettings,
  type Member,
  type MemberField,
  type Scenario,
  FIELD_NAME_BYTES_MAX,
  FIELD_VALUE_BYTES_MAX,
  JOIN_TEXT_BYTES_MAX,
  MEMBER_FIELDS_MAX,
  NICKNAME_BYTES_MAX,
  NOTICE_BYTES_MAX,
  TITLE_BYTES_MAX,
} from "@parley/protocol";
import { badRequest } from "../refusal.js";

const CIRCLES = ["", "all", "admins", "owner"];
const POLICIES = ["", "open", "invite", "approval"];
const ROLES = ["owner", "admin", "member"];
/** Names in one request. */
const NAMES_MAX = 16;

/** Errors: "bad-request". */
export function checkedTitle(text: string): string {
  const title = text.trim();
  if (title === "" || Buffer.byteLength(title) > TITLE_BYTES_MAX)
    throw badRequest(`A title has 1 to ${TITLE_BYTES_MAX} bytes.`);
  return title;
}

/** The settings, of which those that are named are to be right. Errors: "bad-request". */
export function checkedSettings(settings: GroupSettings, names: readonly string[]): GroupSettings {
  checkNames(names);
  const isNamed = (name: keyof GroupSettings): boolean => names.includes(name);
  const { notice, joinPolicy, postBy, mentionBy, pinBy, addBy, editBy } = settings;
  const title = isNamed("title") ? checkedTitle(settings.title) : settings.title;
  if (isNamed("notice") && Buffer.byteLength(notice) > NOTICE_BYTES_MAX)
    throw badRequest(`A notice has at most ${NOTICE_BYTES_MAX} bytes.`);
  if (isNamed("joinPolicy") && !POLICIES.includes(joinPolicy))
    throw badRequest("A group is joined open, by invite or by approval.");
  const circles = { postBy, mentionBy, pinBy, addBy, editBy };
  for (const [name, circle] of Object.entries(circles)) {
    if (names.includes(name) && !CIRCLES.includes(circle))
      throw badRequest(`${name} is all, admins or owner.`);
  }
  return { ...settings, title };
}

/** Errors: "bad-request". */
export function checkedMember(member: Member | undefined, names: readonly string[]): Member {
  checkNames(names);
  if (member === undefined) throw badRequest("Name a member.");
  if (names.includes("role") && !ROLES.includes(member.role))
    throw badRequest("A role is owner, admin or member.");
  const nickname = member.nickname.trim();
  if (Buffer.byteLength(nickname) > NICKNAME_BYTES_MAX)
    throw badRequest(`A nickname has at most ${NICKNAME_BYTES_MAX} bytes.`);
  checkRole(member.scenarioRole);
  return { ...member, nickname, fields: checkedFields(member.fields) };
}

/** Errors: "bad-request". */
export function checkedFields(fields: readonly MemberField[]): readonly MemberField[] {
  if (fields.length > MEMBER_FIELDS_MAX)
    throw badRequest(`A member has at most ${MEMBER_FIELDS_MAX} fields.`);
  for (const { name, value } of fields) {
    const isName = name !== "" && Buffer.byteLength(name) <= FIELD_NAME_BYTES_MAX;
    if (!isName || Buffer.byteLength(value) > FIELD_VALUE_BYTES_MAX)
      throw badRequest("A field of a member has a name, and a value of bounded length.");
  }
  return fields.map(({ name, value }) => ({ name, value: value.trim() }));
}

/** Errors: "bad-request". */
export function checkRole(scenarioRole: string): void {
  if (Buffer.byteLength(scenarioRole) > FIELD_NAME_BYTES_MAX) throw badRequest("There is no such role.");
}

/** Errors: "bad-request". */
export function checkJoinText(text: string): void {
  if (Buffer.byteLength(text) > JOIN_TEXT_BYTES_MAX)
    throw badRequest(`A request to join has at most ${JOIN_TEXT_BYTES_MAX} bytes.`);
}

/** What the installed scenario says of fields; one that is not installed any more says nothing. Errors: "bad-request". */
export function checkByScenario(
  installed: InstalledScenario | undefined,
  scenarioRole: string,
  fields: readonly MemberField[],
): void {
  const wrong = installed?.checkFields?.(scenarioRole, fields);
  if (wrong !== undefined) throw badRequest(wrong);
}

/** The settings that a new group begins with: what is asked for, else what the scenario says. */
export function settingsAtFirst(
  asked: GroupSettings | undefined,
  scenario: Scenario | undefined,
): GroupSettings | undefined {
  const { settings, locked = [] } = scenario ?? {};
  if (asked === undefined || settings === undefined) return asked ?? settings;
  const isAsked = ([name, value]: readonly [string, unknown]): boolean =>
    Boolean(value) && !locked.includes(name);
  return { ...settings, ...Object.fromEntries(Object.entries(asked).filter(isAsked)) };
}

function checkNames(names: readonly string[]): void {
  if (names.length > NAMES_MAX) throw badRequest(`Set at most ${NAMES_MAX} things at a time.`);
}
