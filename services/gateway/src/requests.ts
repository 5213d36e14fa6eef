/** What each request frame does: one call, one answer frame. */
import { CARD_HANDLERS } from "./card-requests.js";
import { GROUP_HANDLERS } from "./group-requests.js";
import type {
  AccountCalls,
  MessageCalls,
  NotifyCalls,
  PreviewCalls,
  Session,
  SyncCalls,
} from "@parley/contracts";
import { Failure } from "@parley/base";
import { NOTIFY_HANDLERS } from "./notify-requests.js";
import { PEOPLE_HANDLERS } from "./people-requests.js";
import { placed } from "./placed.js";
import { STATE_HANDLERS } from "./state-requests.js";
import {
  type Frame,
  type FrameName,
  type FramePayload,
  type Init,
  parseClientMessageId,
  parseConversationId,
  parseUserId,
} from "@parley/protocol";

export interface Calls {
  readonly accounts: Pick<
    AccountCalls,
    | "verify"
    | "listUsers"
    | "findUsers"
    | "findPeople"
    | "listDepartment"
    | "profiles"
    | "updateProfile"
    | "onRevoked"
  >;
  readonly message: MessageCalls;
  readonly notify: NotifyCalls;
  /** Without it no link has a preview. */
  readonly previews?: PreviewCalls;
  readonly sync: Pick<SyncCalls, "attach" | "listConversations" | "setPinned">;
}

/** An answer, without the request id. */
export type Answer = {
  readonly [N in FrameName]: { readonly name: N; readonly payload: Init<FramePayload<N>> };
}[FrameName];

export type Handler<N extends FrameName> = (
  calls: Calls,
  session: Session,
  payload: FramePayload<N>,
) => Promise<Answer>;

const DONE: Answer = { name: "done", payload: {} };

const HANDLERS = {
  send: async ({ message }, session, payload) => ({
    name: "sent",
    payload: await message.send(session, {
      conversationId: parseConversationId(payload.conversationId),
      clientMessageId: parseClientMessageId(payload.clientMessageId),
      number: payload.number,
      body: payload.body,
      audience: payload.audience.map(parseUserId),
      forward: payload.forward && {
        ...payload.forward,
        conversationId: parseConversationId(payload.forward.conversationId),
      },
    }),
  }),
  markRead: async ({ message }, session, payload) => {
    await message.markRead(session, parseConversationId(payload.conversationId), payload.sequence);
    return DONE;
  },
  hide: async ({ message }, session, payload) => {
    await message.hide(session, parseConversationId(payload.conversationId), payload.sequences);
    return DONE;
  },
  getHistory: async ({ message }, session, payload) => ({
    name: "historyPage",
    payload: await message.history(session, placed(payload)),
  }),
  listConversations: async ({ sync }, session, payload) => ({
    name: "conversationList",
    payload: await sync.listConversations(session, {
      ...payload,
      conversationId: payload.conversationId === "" ? undefined : parseConversationId(payload.conversationId),
    }),
  }),
  createConversation: async ({ message }, session, payload) => {
    const userIds = payload.userIds.map(parseUserId);
    if (!payload.isDirect) {
      const conversationId = await message.createGroup(session, { ...payload, userIds });
      return { name: "conversationCreated", payload: { conversationId } };
    }
    if (userIds.length !== 1) {
      throw new Failure("bad-request", "A direct conversation is made with one other user.", {
        retry: "after-change",
      });
    }
    return {
      name: "conversationCreated",
      payload: { conversationId: await message.createDirect(session, userIds[0]!) },
    };
  },
  changeMembers: async ({ message }, session, payload) => {
    const userIds = payload.userIds.map(parseUserId);
    await message.changeMembers(session, { ...placed(payload), userIds });
    return DONE;
  },
  ...GROUP_HANDLERS,
  setPinned: async ({ sync }, session, { conversationId, isPinned }) => {
    await sync.setPinned(session, { conversationId: parseConversationId(conversationId), isPinned });
    return DONE;
  },
  ...PEOPLE_HANDLERS,
  getDigest: async ({ message }, session, payload) => ({
    name: "digest",
    payload: await message.digest(session, placed(payload)),
  }),
  edit: async ({ message }, session, payload) => {
    await message.edit(session, placed(payload));
    return DONE;
  },
  recall: async ({ message }, session, payload) => {
    await message.recall(session, placed(payload));
    return DONE;
  },
  getEdits: async ({ message }, session, payload) => ({
    name: "edits",
    payload: await message.edits(session, placed(payload)),
  }),
  getMessages: async ({ message }, session, payload) => ({
    name: "messages",
    payload: await message.messages(session, placed(payload)),
  }),
  listMentions: async ({ message }, session, payload) => ({
    name: "mentionPage",
    payload: await message.mentions(session, {
      ...payload,
      conversationId: payload.conversationId && parseConversationId(payload.conversationId),
    }),
  }),
  search: async ({ message }, session, payload) => {
    const { conversationId, senderId } = payload;
    const found = await message.search(session, {
      ...payload,
      conversationId: (conversationId as string) === "" ? undefined : parseConversationId(conversationId),
      senderId: (senderId as string) === "" ? undefined : parseUserId(senderId),
    });
    return { name: "searchPage", payload: found };
  },
  getLinkPreview: async ({ previews }, session, payload) => ({
    name: "linkPreview",
    payload: (await previews?.linkPreview(session, placed(payload))) ?? {},
  }),
  ...STATE_HANDLERS,
  ...CARD_HANDLERS,
  ...NOTIFY_HANDLERS,
} as const satisfies { readonly [N in FrameName]?: Handler<N> };

export type RequestName = keyof typeof HANDLERS;
export type RequestFrame = Extract<Frame, { readonly name: RequestName }>;

export function isRequest(frame: Frame): frame is RequestFrame {
  return Object.hasOwn(HANDLERS, frame.name);
}

/** Makes the call of a request. The call begins before this returns, so requests keep their order. */
export function answer(calls: Calls, session: Session, frame: RequestFrame): Promise<Answer> {
  const handler = HANDLERS[frame.name] as Handler<FrameName>;
  return handler(calls, session, frame.payload);
}
