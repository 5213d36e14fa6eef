/** Frames about the people of an organisation: who they are, and how they are found. */
import { type Infer, bool, list, nested, schema, string, strings, uint } from "./codec/schema.js";
import type { ConversationId, UserId } from "./ids.js";
import { User } from "./model.js";

/** Users by id: those that begin with `prefix`; or exactly those of `userIds`, without those that there are not. */
export const ListUsers = schema("ListUsers", {
  requestId: uint(1),
  /** Beginning of the user id. */
  prefix: string(2),
  after: string<UserId>(3),
  limit: uint(4),
  /** At most USERS_PER_REQUEST_MAX. Nothing else counts then. */
  userIds: strings<UserId>(5),
});
export const UserList = schema("UserList", {
  requestId: uint(1),
  users: list(2, User),
  next: string<UserId>(3),
});

/** People by the beginning of a word of their name, or of their id. Answered by UserList, the best ones first. */
export const FindPeople = schema("FindPeople", {
  requestId: uint(1),
  text: string(2),
  /** When set: only its members. */
  conversationId: string<ConversationId>(3),
  limit: uint(4),
});

/** What lies in a department: "Engineering/Platform", or empty for the top. */
export const ListDepartment = schema("ListDepartment", {
  requestId: uint(1),
  path: string(2),
  /** Of the people: those after this one. */
  after: string<UserId>(3),
  limit: uint(4),
});
/** A department within another one. */
export const DepartmentEntry = schema("DepartmentEntry", {
  /** The last part of its path. */
  name: string(1),
  /** People in it, and in all departments below it. */
  memberCount: uint(2),
});
export type DepartmentEntry = Infer<typeof DepartmentEntry>;
export const Department = schema("Department", {
  requestId: uint(1),
  /** Right below it, by name; on the first page. */
  departments: list(2, DepartmentEntry),
  /** Whose department is exactly this one, by name; of the top: who is in none. */
  users: list(3, User),
  /** `after` of the next page; empty on the last one. */
  next: string<UserId>(4),
});

/** What is known of a person. */
export const Profile = schema("Profile", {
  userId: string<UserId>(1),
  name: string(2),
  isSystem: bool(3),
  /** Of the picture; 0: there is none. */
  pictureVersion: uint(4),
  /** What somebody does: a job's name. */
  title: string(5),
  /** Where: a path such as "Engineering/Platform". */
  department: string(6),
  /** What the person says of now. */
  statusText: string(7),
});
export type Profile = Infer<typeof Profile>;

/** Sets what `names` names (fields of Profile) of my own. Only `statusText`: the others are the organisation's. */
export const UpdateProfile = schema("UpdateProfile", {
  requestId: uint(1),
  names: strings(2),
  profile: nested(3, Profile),
});

/** Asks for the profiles of users: at most PROFILES_PER_REQUEST_MAX. */
export const GetProfiles = schema("GetProfiles", { requestId: uint(1), userIds: strings<UserId>(2) });
/** In the order of the request, without those that there are not. */
export const Profiles = schema("Profiles", { requestId: uint(1), profiles: list(2, Profile) });
