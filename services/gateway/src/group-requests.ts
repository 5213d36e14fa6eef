/** What each request frame about groups does. */
import type { GroupView } from "@parley/contracts";
import {
  type FrameName,
  type FramePayload,
  type Init,
  parseConversationId,
  parseUserId,
} from "@parley/protocol";
import { placed } from "./placed.js";
import type { Answer, Handler } from "./requests.js";

const DONE: Answer = { name: "done", payload: {} };

export const GROUP_HANDLERS = {
  updateGroup: async ({ message }, session, payload) => {
    await message.groups.update(session, placed(payload));
    return DONE;
  },
  updateMember: async ({ message }, session, payload) => {
    const { member } = payload;
    const checked = member && { ...member, userId: parseUserId(member.userId) };
    await message.groups.updateMember(session, { ...placed(payload), member: checked });
    return DONE;
  },
  join: async ({ message }, session, payload) => view(await message.groups.join(session, placed(payload))),
  getGroup: async ({ message }, session, payload) =>
    view(await message.groups.get(session, parseConversationId(payload.conversationId))),
  answerJoin: async ({ message }, session, payload) => {
    const userIds = payload.userIds.map(parseUserId);
    await message.groups.answerJoin(session, { ...placed(payload), userIds });
    return DONE;
  },
  dissolve: async ({ message }, session, payload) => {
    await message.groups.dissolve(session, parseConversationId(payload.conversationId));
    return DONE;
  },
  getJoinRequests: async ({ message }, session, payload) => ({
    name: "joinRequests",
    payload: await message.groups.joinRequests(session, placed(payload)),
  }),
  listMembers: async ({ message }, session, payload) => ({
    name: "memberList",
    payload: (await message.groups.members(session, placed(payload))) as Init<FramePayload<"memberList">>,
  }),
} as const satisfies { readonly [N in FrameName]?: Handler<N> };

function view(group: GroupView): Answer {
  return { name: "group", payload: group };
}
