/** Requests that make and change groups. What comes of them comes as events. */
import {
  type ConversationId,
  type JoinRequest,
  type MemberField,
  type UserId,
  ANSWERS_PER_REQUEST_MAX,
  GroupSettings,
  JOIN_REQUESTS_MAX,
  Member,
  filled,
} from "@parley/protocol";
import type { GroupCache } from "./group-cache.js";
import type { Requests } from "./requests.js";

type Calls = Pick<Requests, "call">;

/** As what somebody comes into a group that has a scenario, and what its role asks for. */
export interface JoinOptions {
  /** For the admins, where they approve. */
  readonly text?: string;
  readonly scenarioRole?: string;
  readonly fields?: readonly MemberField[];
}

/** What is set of a member: what is left out stays. Of the fields those that are there are set; an empty value removes one. */
export type MemberSettings = Partial<Omit<Member, "userId">>;

/** Errors: those of the request. */
export async function updateGroup(
  requests: Calls,
  conversationId: ConversationId,
  settings: Partial<GroupSettings>,
): Promise<void> {
  await requests.call("updateGroup", {
    conversationId,
    names: Object.keys(settings),
    settings: filled(GroupSettings, settings),
  });
}

/** Takes the newest version of its scenario. Errors: those of the request. */
export async function updateScenario(
  requests: Calls,
  groups: Pick<GroupCache, "load">,
  conversationId: ConversationId,
): Promise<void> {
  const { info } = await groups.load(conversationId);
  await requests.call("updateGroup", { conversationId, scenario: info.scenario });
}

/** Errors: those of the request. */
export async function dissolveGroup(requests: Calls, conversationId: ConversationId): Promise<void> {
  await requests.call("dissolve", { conversationId });
}

/** Errors: those of the request. */
export async function updateMember(
  requests: Calls,
  conversationId: ConversationId,
  userId: UserId,
  settings: MemberSettings,
): Promise<void> {
  const member = filled(Member, { ...settings, userId });
  await requests.call("updateMember", { conversationId, names: Object.keys(settings), member });
}

/** "joined", or "requested": an admin is to answer. Errors: those of the request. */
export async function joinGroup(
  requests: Calls,
  conversationId: ConversationId,
  { text = "", scenarioRole = "", fields = [] }: JoinOptions,
): Promise<"joined" | "requested"> {
  const answer = await requests.call("join", { conversationId, text, scenarioRole, fields });
  return answer.isRequested ? "requested" : "joined";
}

/** All that wait. Errors: those of the request. */
export async function listJoinRequests(
  requests: Calls,
  conversationId: ConversationId,
): Promise<readonly JoinRequest[]> {
  const waiting: JoinRequest[] = [];
  let after: UserId | undefined;
  // A page has one at least.
  for (let page = 0; page < JOIN_REQUESTS_MAX; page++) {
    const answer = await requests.call("getJoinRequests", { conversationId, after });
    waiting.push(...answer.requests);
    if (answer.next.length === 0) break;
    after = answer.next;
  }
  return waiting;
}

/** As many requests as it takes. Errors: those of the request. */
export async function answerJoin(
  requests: Calls,
  conversationId: ConversationId,
  { userIds, isAccepted }: { readonly userIds: readonly UserId[]; readonly isAccepted: boolean },
): Promise<void> {
  for (let start = 0; start < userIds.length; start += ANSWERS_PER_REQUEST_MAX) {
    const some = userIds.slice(start, start + ANSWERS_PER_REQUEST_MAX);
    await requests.call("answerJoin", { conversationId, userIds: some, isAccepted });
  }
}
