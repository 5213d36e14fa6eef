/** What an application does with groups: one face over what is known of them and the requests that change them. */
import type { ConversationId, GroupSettings, JoinRequest, Member, UserId } from "@parley/protocol";
import type { Group, GroupCache } from "./group-cache.js";
import type { JoinOptions, MemberSettings } from "./groups.js";
import { FOUND_MEMBERS } from "./limits.js";
import type { Loaders } from "./loaders.js";
import type { Requests } from "./requests.js";

/**
 * What changes a group is durable when it resolves, and told to all members by events. Errors of it: "bad-request",
 * "not-a-member", "not-allowed", "group-full"; those of a request.
 */
export interface GroupClient {
  /**
   * What the group is and what I am in it, from memory; kept right by events. Undefined before `open` of its conversation, or
   * `load`, has brought it. The same object until it changes.
   */
  find(conversationId: ConversationId): Group | undefined;
  /** The same, brought when it is not known. Errors: those of a request. */
  load(conversationId: ConversationId): Promise<Group>;
  /** Sets what is given. */
  update(conversationId: ConversationId, settings: Partial<GroupSettings>): Promise<void>;
  /** Updates the group to the version of its scenario that the server has. */
  updateScenario(conversationId: ConversationId): Promise<void>;
  /** Sets what is given of a member. */
  updateMember(conversationId: ConversationId, userId: UserId, settings: MemberSettings): Promise<void>;
  /** Hands a group of mine over to another member. */
  transfer(conversationId: ConversationId, userId: UserId): Promise<void>;
  /** Becomes a member of an open group, or asks to, where admins approve. */
  join(conversationId: ConversationId, options?: JoinOptions): Promise<"joined" | "requested">;
  /** Who waits for an answer, by user id; for admins. */
  joinRequests(conversationId: ConversationId): Promise<readonly JoinRequest[]>;
  answerJoin(conversationId: ConversationId, userIds: readonly UserId[], isAccepted: boolean): Promise<void>;
  /** Ends a group of mine: nobody is a member any more. */
  dissolve(conversationId: ConversationId): Promise<void>;
  /** The first members whose ids (or nicknames, when all are known) begin so: for "@". Errors: those of a request. */
  findMembers(conversationId: ConversationId, prefix: string, limit?: number): Promise<readonly Member[]>;
}

export function createGroupClient(
  requests: Pick<Requests, "call">,
  cache: GroupCache,
  load: Loaders["calls"],
): GroupClient {
  const updateMember: GroupClient["updateMember"] = async (...member) =>
    (await load()).updateMember(requests, ...member);
  return {
    find: (conversationId) => cache.find(conversationId),
    load: (conversationId) => cache.load(conversationId),
    update: async (conversationId, settings) =>
      (await load()).updateGroup(requests, conversationId, settings),
    updateScenario: async (conversationId) => (await load()).updateScenario(requests, cache, conversationId),
    updateMember,
    transfer: (conversationId, userId) => updateMember(conversationId, userId, { role: "owner" }),
    join: async (conversationId, options = {}) => (await load()).joinGroup(requests, conversationId, options),
    joinRequests: async (conversationId) => (await load()).listJoinRequests(requests, conversationId),
    answerJoin: async (conversationId, userIds, isAccepted) =>
      (await load()).answerJoin(requests, conversationId, { userIds, isAccepted }),
    dissolve: async (conversationId) => (await load()).dissolveGroup(requests, conversationId),
    findMembers: (conversationId, prefix, limit = FOUND_MEMBERS) =>
      cache.findMembers(conversationId, prefix, limit),
  };
}
