/** Frames about groups. */
import { bool, list, nested, schema, string, strings, uint } from "./codec/schema.js";
import { GroupInfo, GroupSettings, JoinRequest, Member, MemberField, Scenario } from "./group.js";
import type { ConversationId, UserId } from "./ids.js";

/**
 * Sets what `names` names (fields of GroupSettings) to what `settings` says. `scenario` updates the group to the installed
 * version of its scenario. Answered by Done, also when nothing changes.
 */
export const UpdateGroup = schema("UpdateGroup", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  names: strings(3),
  settings: nested(4, GroupSettings),
  scenario: string(5),
});

/**
 * Sets what `names` names (fields of Member) of one member. `role` "owner" hands the group over. Of `fields` those that are
 * named are set, an empty value removes one.
 */
export const UpdateMember = schema("UpdateMember", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  names: strings(3),
  member: nested(4, Member),
});

/** Asks to become a member: at once where the group is open, by an admin's answer where it approves. Answered by Group. */
export const Join = schema("Join", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  /** For the admins. */
  text: string(3),
  scenarioRole: string(4),
  fields: list(5, MemberField),
});

export const GetGroup = schema("GetGroup", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
});
/** What a member knows of the group. Nothing but `isRequested` for who has to wait for an answer. */
export const Group = schema("Group", {
  requestId: uint(1),
  info: nested(2, GroupInfo),
  memberCount: uint(3),
  membersRevision: uint(4),
  self: nested(5, Member),
  scenario: nested(6, Scenario),
  isRequested: bool(7),
});

/** Lets those who asked in, or not. Whoever does not ask any more is left out. */
export const AnswerJoin = schema("AnswerJoin", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  userIds: strings<UserId>(3),
  isAccepted: bool(4),
});

/** Ends the group: nobody is a member any more. */
export const Dissolve = schema("Dissolve", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
});

/** Who waits for an answer, by user id: JOIN_REQUESTS_MAX at most in all. */
export const GetJoinRequests = schema("GetJoinRequests", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  after: string<UserId>(3),
});
export const JoinRequests = schema("JoinRequests", {
  requestId: uint(1),
  requests: list(2, JoinRequest),
  /** Empty on the last page. */
  next: string<UserId>(3),
});
