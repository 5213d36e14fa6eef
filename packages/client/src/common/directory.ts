/** People and groups: what is asked of the server each time and not kept. */
import {
  type ConversationId,
  DIRECTORY_PAGE_MAX,
  GroupSettings,
  type MemberField,
  MEMBERS_PER_REQUEST_MAX,
  type User,
  type UserId,
  filled,
} from "@parley/protocol";
import { DIRECTORY_PAGES_MAX, DIRECTORY_USERS_MAX } from "./limits.js";
import type { Requests } from "./requests.js";

type Call = Pick<Requests, "call">;

/** What a group is from its beginning. */
export interface GroupOptions {
  readonly title: string;
  readonly userIds: readonly UserId[];
  readonly isHistoryOpen?: boolean;
  readonly settings?: Partial<Omit<GroupSettings, "title" | "isHistoryOpen">>;
  /** The name of one that the server has. */
  readonly scenario?: string;
}

/** The direct conversation with a user, created when there is none. Twice is safe. */
export async function createDirect(requests: Call, userId: UserId): Promise<ConversationId> {
  const created = await requests.call("createConversation", { isDirect: true, userIds: [userId] });
  return created.conversationId;
}

/** Creates a group. `name` makes the repetition after a lost answer harmless. Members beyond one request are added after. */
export async function createGroup(
  requests: Call,
  name: string,
  options: GroupOptions,
): Promise<ConversationId> {
  // One place is the creator's.
  const first = options.userIds.slice(0, MEMBERS_PER_REQUEST_MAX - 1);
  const { conversationId } = await requests.call("createConversation", {
    isDirect: false,
    userIds: first,
    title: options.title,
    name,
    isHistoryOpen: options.isHistoryOpen ?? false,
    settings: options.settings && filled(GroupSettings, options.settings),
    scenario: options.scenario ?? "",
  });
  await changeMembers(requests, conversationId, {
    userIds: options.userIds.slice(first.length),
    isRemoval: false,
  });
  return conversationId;
}

/** Adds or removes members, as many requests as it takes. Twice is safe. */
export async function changeMembers(
  requests: Call,
  conversationId: ConversationId,
  change: {
    readonly userIds: readonly UserId[];
    readonly isRemoval: boolean;
    readonly scenarioRole?: string;
    readonly fields?: readonly MemberField[];
  },
): Promise<void> {
  for (let start = 0; start < change.userIds.length; start += MEMBERS_PER_REQUEST_MAX) {
    const userIds = change.userIds.slice(start, start + MEMBERS_PER_REQUEST_MAX);
    await requests.call("changeMembers", { ...change, conversationId, userIds });
  }
}

/** The first `limit` users whose ids begin with `prefix`, up to DIRECTORY_PAGES_MAX pages. */
export async function listUsers(
  requests: Call,
  prefix = "",
  limit: number = DIRECTORY_USERS_MAX,
): Promise<readonly User[]> {
  const users: User[] = [];
  let after: UserId | undefined;
  for (let page = 0; page < DIRECTORY_PAGES_MAX; page++) {
    const count = Math.min(DIRECTORY_PAGE_MAX, limit - users.length);
    const answer = await requests.call("listUsers", { prefix, after, limit: count });
    users.push(...answer.users);
    if (answer.next.length === 0 || users.length >= limit) break;
    after = answer.next;
  }
  return users;
}
