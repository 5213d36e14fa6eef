/** What the server tells pages over their WebSockets. */
import { readPacket } from "@parley/protocol";
import type { BrowserContext, Page } from "playwright-core";

/** Counts from now on how often the pages of a browser are told to begin anew from the list; topics are not counted. */
export function countRebases(context: BrowserContext): () => number {
  let count = 0;
  const watch = (page: Page): void => {
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => {
        if (typeof payload === "string") return;
        readPacket(payload, ({ name, payload: content }) => {
          if (name === "rebase" && content.conversationId === "") count += 1;
        });
      });
    });
  };
  for (const page of context.pages()) watch(page);
  context.on("page", watch);
  return () => count;
}
