/** What each request frame about people does. */
import { Failure } from "@parley/base";
import {
  type FrameName,
  type FramePayload,
  type Init,
  PROFILES_PER_REQUEST_MAX,
  type UserId,
  USERS_PER_REQUEST_MAX,
  parseConversationId,
  parseUserId,
} from "@parley/protocol";
import type { Answer, Handler } from "./requests.js";

const DONE: Answer = { name: "done", payload: {} };

export const PEOPLE_HANDLERS = {
  listUsers: async ({ accounts }, { tenantId }, payload) => {
    if (payload.userIds.length === 0) {
      const page = await accounts.listUsers(tenantId, payload);
      return { name: "userList", payload: page as Init<FramePayload<"userList">> };
    }
    const users = await accounts.findUsers(tenantId, idsOf(payload.userIds, USERS_PER_REQUEST_MAX));
    return { name: "userList", payload: { users: users.filter((user) => user !== undefined) } };
  },
  findPeople: async ({ accounts, message }, session, { text, limit, conversationId }) => {
    const isAmong = (conversationId as string) !== "";
    // Only members of what the user is in: whoever is not is told so before anybody is looked for.
    const among = isAmong
      ? await message.groups.among(session, parseConversationId(conversationId))
      : undefined;
    const users = await accounts.findPeople(session.tenantId, { text, limit, among });
    return { name: "userList", payload: { users } };
  },
  listDepartment: async ({ accounts }, { tenantId }, payload) => {
    const page = await accounts.listDepartment(tenantId, payload);
    return { name: "department", payload: page as Init<FramePayload<"department">> };
  },
  updateProfile: async ({ accounts }, { tenantId, userId }, payload) => {
    await accounts.updateProfile(tenantId, userId, payload);
    return DONE;
  },
  getProfiles: async ({ accounts }, { tenantId }, { userIds }) => {
    const profiles = await accounts.profiles(tenantId, idsOf(userIds, PROFILES_PER_REQUEST_MAX));
    return { name: "profiles", payload: { profiles } };
  },
} as const satisfies { readonly [N in FrameName]?: Handler<N> };

/** Errors: "bad-request". */
function idsOf(userIds: readonly UserId[], countMax: number): readonly UserId[] {
  if (userIds.length > 0 && userIds.length <= countMax) return userIds.map(parseUserId);
  throw new Failure("bad-request", `Name 1 to ${countMax} users.`, { retry: "after-change" });
}
