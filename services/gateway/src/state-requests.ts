/** Requests about reactions, pins, and who has read what. */
import type { FrameName } from "@parley/protocol";
import { placed } from "./placed.js";
import type { Handler } from "./requests.js";

export const STATE_HANDLERS = {
  react: async ({ message }, session, payload) => {
    await message.react(session, placed(payload));
    return { name: "done", payload: {} };
  },
  getReactions: async ({ message }, session, payload) => {
    const { items, next } = await message.reactions(session, placed(payload));
    return { name: "reactionList", payload: { items, next: next as typeof payload.after } };
  },
  pin: async ({ message }, session, payload) => {
    await message.pin(session, placed(payload));
    return { name: "done", payload: {} };
  },
  getPins: async ({ message }, session, payload) => ({
    name: "pinList",
    payload: await message.pins(session, placed(payload)),
  }),
  getReaders: async ({ message }, session, payload) => {
    const { next, ...page } = await message.readers(session, placed(payload));
    return { name: "readerList", payload: { ...page, next: next as typeof payload.after } };
  },
  getReadCounts: async ({ message }, session, payload) => ({
    name: "readCounts",
    payload: await message.readCounts(session, placed(payload)),
  }),
} as const satisfies { readonly [N in FrameName]?: Handler<N> };
