/** Requests about what a user is notified of, and where. */
import { type FrameName, type NotifyLevel, parseConversationId } from "@parley/protocol";
import type { Handler } from "./requests.js";

export const NOTIFY_HANDLERS = {
  setNotify: async ({ notify }, session, { doNotDisturb, level, mutedUntilMs, conversationId }) => {
    const change =
      doNotDisturb === undefined
        ? {
            conversationId: parseConversationId(conversationId),
            // Checked where it is set.
            level: level as NotifyLevel | "",
            mutedUntilMs,
          }
        : { doNotDisturb };
    await notify.setNotify(session, change);
    return { name: "done", payload: {} };
  },
  getNotify: async ({ notify }, session) => ({
    name: "notifySettings",
    payload: { doNotDisturb: await notify.doNotDisturb(session) },
  }),
  setPushTarget: async ({ notify }, session, payload) => {
    await notify.setPushTarget(session, payload);
    return { name: "done", payload: {} };
  },
} as const satisfies { readonly [N in FrameName]?: Handler<N> };
