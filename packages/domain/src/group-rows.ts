/** What the rows of a group hold beside what every conversation has. Fields are only ever added. */
import {
  type Infer,
  type UserId,
  JoinRequest,
  Scenario,
  bool,
  nested,
  schema,
  string,
  strings,
  uint,
} from "@parley/protocol";

/** Within the head of a group. Empty strings are the defaults of the settings. */
export const GroupRow = schema("GroupRow", {
  /** Grows with every change of what all members know of the group. */
  revision: uint(1),
  /** Grows with every change of the list of members. */
  membersRevision: uint(2),
  notice: string(3),
  joinPolicy: string<JoinPolicy>(4),
  mutedUntilMs: uint(5),
  postBy: string<Circle>(6),
  mentionBy: string<Circle>(7),
  pinBy: string<Circle>(8),
  addBy: string<Circle>(9),
  editBy: string<Circle>(10),
  /** The owner first, then the admins. Empty in groups made before there were any. */
  staffIds: strings<UserId>(11),
  /** Join requests that wait, those included whose time is over. */
  requestCount: uint(12),
  isDissolved: bool(13),
  /** The copy that this group decides by. */
  scenario: nested(14, Scenario),
});
export type GroupRow = Infer<typeof GroupRow>;

export type JoinPolicy = "" | "open" | "invite" | "approval";
/** Who may do something. */
export type Circle = "" | "all" | "admins" | "owner";

/** conversation-join-request, sort (user). */
export const JoinRequestRow = JoinRequest;
export type JoinRequestRow = Infer<typeof JoinRequestRow>;

/** conversation-member-change, sort (revision): whose row the change of this revision was about, also of who left. */
export const MemberChangeRow = schema("MemberChangeRow", {
  userIds: strings<UserId>(1),
});
export type MemberChangeRow = Infer<typeof MemberChangeRow>;

/** How many changes of the list of members are kept for devices that were away; beyond it they fetch the list again. */
export const MEMBER_CHANGES_KEPT = 1000;
