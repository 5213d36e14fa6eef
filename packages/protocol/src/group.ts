/** What groups are: their settings, what a member has of its own, requests to join, and scenarios as declared data. */
import { type Infer, bool, list, nested, schema, string, strings, uint } from "./codec/schema.js";
import type { UserId } from "./ids.js";

/** A value that a member has in this group only, such as the name of a child. */
export const MemberField = schema("MemberField", {
  name: string(1),
  value: string(2),
});
export type MemberField = Infer<typeof MemberField>;

export const Member = schema("Member", {
  userId: string<UserId>(1),
  /** "owner", "admin" or "member". */
  role: string(2),
  /** How the group calls this member; empty: by the user's own name. */
  nickname: string(3),
  /** May not write before this time; 0: may. */
  mutedUntilMs: uint(4),
  fields: list(5, MemberField),
  /** The role in the group's scenario; empty where there is none. */
  scenarioRole: string(6),
});
export type Member = Infer<typeof Member>;

/** What can be set of a group. The `…By` are "all", "admins" (the owner is one) or "owner"; empty: as the default of each. */
export const GroupSettings = schema("GroupSettings", {
  title: string(1),
  /** What everybody is to know. */
  notice: string(2),
  /** "open": whoever knows the id joins. "invite": members add others. "approval": whoever knows the id asks. */
  joinPolicy: string(3),
  /** New members see what was said before they came. */
  isHistoryOpen: bool(4),
  /** Only the owner and the admins may write before this time; 0: all may. */
  mutedUntilMs: uint(5),
  postBy: string(6),
  mentionBy: string(7),
  pinBy: string(8),
  addBy: string(9),
  editBy: string(10),
});
export type GroupSettings = Infer<typeof GroupSettings>;

/** What all members know of their group. */
export const GroupInfo = schema("GroupInfo", {
  /** Grows by 1 with every change of what stands here. */
  revision: uint(1),
  settings: nested(2, GroupSettings),
  ownerId: string<UserId>(3),
  /** Name and version of the scenario; empty and 0 where there is none. */
  scenario: string(4),
  scenarioVersion: uint(5),
  createdMs: uint(6),
});
export type GroupInfo = Infer<typeof GroupInfo>;

/** Somebody who asks to join. */
export const JoinRequest = schema("JoinRequest", {
  userId: string<UserId>(1),
  text: string(2),
  timeMs: uint(3),
  scenarioRole: string(4),
  fields: list(5, MemberField),
});
export type JoinRequest = Infer<typeof JoinRequest>;

/** A field that members of a role have. */
export const ScenarioField = schema("ScenarioField", {
  name: string(1),
  isRequired: bool(2),
  /** "self" or "admins". */
  setBy: string(3),
  /** The values that it may have; empty: any. */
  choices: strings(4),
});
export type ScenarioField = Infer<typeof ScenarioField>;

/** A role of a scenario: what its members have, and what they may beyond or below their `base`. */
export const ScenarioRole = schema("ScenarioRole", {
  name: string(1),
  /** "admin" or "member": what the group's settings ask for. */
  base: string(2),
  fields: list(3, ScenarioField),
  /** Such as "{child}'s {relation}": nicknames are made of the fields, and nobody sets them. Empty: they are set. */
  nickname: string(4),
  /** Who may add members of this role: "owner", "admin", "member" or roles of the scenario. */
  addedBy: strings(5),
  /** Who knows the id may join as this, as the join policy says. */
  mayJoin: bool(6),
  /** Actions that this role never may, whatever the settings say. */
  denied: strings(7),
  /** Kinds of messages, by the names of the fields of Body, that this role may send; empty: all. */
  kinds: strings(8),
});
export type ScenarioRole = Infer<typeof ScenarioRole>;

/**
 * A kind of group, declared outside of the core as plain data. A group keeps the copy that it was made with, or was updated
 * to, so that what it decides never depends on what is installed.
 */
export const Scenario = schema("Scenario", {
  name: string(1),
  /** Grows with every change; a group is only ever updated to a higher one. */
  version: uint(2),
  roles: list(3, ScenarioRole),
  /** The role of who creates a group, and of those who come without one being named. */
  creatorRole: string(4),
  defaultRole: string(5),
  /** What a new group of this scenario begins with. */
  settings: nested(6, GroupSettings),
  /** Settings that nobody changes. */
  locked: strings(7),
});
export type Scenario = Infer<typeof Scenario>;
