/** Requests about cards. */
import { type FrameName, parseUserId } from "@parley/protocol";
import { placed } from "./placed.js";
import type { Handler } from "./requests.js";

export const CARD_HANDLERS = {
  updateCard: async ({ message }, session, payload) => {
    const userId = (payload.userId as string) === "" ? "" : parseUserId(payload.userId);
    await message.cards.update(session, { ...placed(payload), userId });
    return { name: "done", payload: {} };
  },
  actOnCard: async ({ message }, session, payload) => {
    await message.cards.act(session, placed(payload));
    return { name: "done", payload: {} };
  },
  getCardActions: async ({ message }, session, payload) => {
    const { items, next } = await message.cards.actions(session, placed(payload));
    return { name: "cardActions", payload: { items, next: next as typeof payload.after } };
  },
} as const satisfies { readonly [N in FrameName]?: Handler<N> };
