import type {
  ConversationId,
  GroupInfo,
  GroupSettings,
  JoinRequest,
  Member,
  MemberField,
  Scenario,
  UserId,
} from "@parley/protocol";
import type { PeopleAmong } from "./account-calls.js";
import type { Session } from "./session.js";

export interface GroupUpdate {
  readonly conversationId: ConversationId;
  /** Fields of GroupSettings. */
  readonly names: readonly string[];
  readonly settings: GroupSettings | undefined;
  /** Its scenario, when the group is to be updated to the installed version of it; otherwise empty. */
  readonly scenario: string;
}

export interface MemberUpdate {
  readonly conversationId: ConversationId;
  /** Fields of Member. */
  readonly names: readonly string[];
  readonly member: Member | undefined;
}

export interface JoinAsk {
  readonly conversationId: ConversationId;
  readonly text: string;
  readonly scenarioRole: string;
  readonly fields: readonly MemberField[];
}

/** What a member knows of a group; of who has only asked to join, nothing but that. */
export interface GroupView {
  readonly info: GroupInfo | undefined;
  readonly memberCount: number;
  readonly membersRevision: number;
  readonly self: Member | undefined;
  readonly scenario: Scenario | undefined;
  readonly isRequested: boolean;
}

export interface MembersRequest {
  readonly conversationId: ConversationId;
  readonly after: string;
  readonly limit: number;
  /** Only what changed after it; 0: the list. */
  readonly sinceRevision: number;
  readonly prefix: string;
}

export interface MembersPage {
  readonly members: readonly Member[];
  readonly memberCount: number;
  readonly next: string;
  /** What the page contains at least. */
  readonly revision: number;
  readonly membersRevision: number;
  readonly removed: readonly UserId[];
  /** Too much has changed since: fetch the list. */
  readonly isReset: boolean;
}

/** What is set of groups and their members. Errors are Failures with the protocol's codes. */
export interface GroupCalls {
  get(session: Session, conversationId: ConversationId): Promise<GroupView>;
  update(session: Session, update: GroupUpdate): Promise<void>;
  updateMember(session: Session, update: MemberUpdate): Promise<void>;
  /** Resolves when this user is a member, or when the request waits for an admin. */
  join(session: Session, ask: JoinAsk): Promise<GroupView>;
  joinRequests(
    session: Session,
    page: { readonly conversationId: ConversationId; readonly after: string },
  ): Promise<{ readonly requests: readonly JoinRequest[]; readonly next: UserId }>;
  answerJoin(
    session: Session,
    answer: {
      readonly conversationId: ConversationId;
      readonly userIds: readonly UserId[];
      readonly isAccepted: boolean;
    },
  ): Promise<void>;
  dissolve(session: Session, conversationId: ConversationId): Promise<void>;
  members(session: Session, request: MembersRequest): Promise<MembersPage>;
  /** The members, for somebody who looks for one of them. Errors: as `members`. */
  among(session: Session, conversationId: ConversationId): Promise<PeopleAmong>;
}
