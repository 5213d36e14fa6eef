/** What a leader does for the tabs that follow it. They are copies of this same code: what they ask for is well formed. */
import type { ClientMessageId, ConversationId } from "@parley/protocol";
import type { History, PageRequest } from "./history.js";
import type { Outbox } from "./outbox.js";
import type { Presence } from "./presence.js";
import type { Reading } from "./reading.js";
import type { RequestName, Requests } from "./requests.js";
import type { Outgoing } from "./sending.js";
import type { Session } from "./session.js";
import type { Settling } from "./settling.js";
import type { LocalStorage } from "./storage.js";
import type { TabCallName } from "./tab-messages.js";

export interface TabServiceParts {
  readonly requests: Requests;
  readonly history: History;
  readonly outbox: Outbox;
  readonly reading: Reading;
  readonly session: Session;
  readonly settling: Settling;
  readonly storage: LocalStorage;
  readonly presence: Presence;
}

export type TabService = (name: TabCallName, values: readonly unknown[]) => Promise<unknown>;

export function createTabService(parts: TabServiceParts, connect: () => void): TabService {
  const { requests, history, outbox, reading, session, settling, storage, presence } = parts;
  const doers: Readonly<Record<TabCallName, (...values: never[]) => Promise<unknown>>> = {
    request: (name: RequestName, payload: never) => requests.call(name, payload),
    fetch: async (conversationId: ConversationId, page: PageRequest) => {
      const answer = await history.fetch(conversationId, page);
      // They are in the store, where the other tab reads them.
      return { ...answer, messages: [] };
    },
    add: (conversationId: ConversationId, outgoing: Outgoing, id: ClientMessageId) =>
      outbox.take(conversationId, outgoing, id),
    retry: (conversationId: ConversationId, id: string) => outbox.retry(conversationId, id),
    discard: (conversationId: ConversationId, id: string) => outbox.discard(conversationId, id),
    mark: async (conversationId: ConversationId, sequence: number) => reading.mark(conversationId, sequence),
    look: async (conversationId: ConversationId) => storage.look(conversationId),
    start: async () => connect(),
    connectNow: async () => session.connectNow(),
    settled: (timeoutMs: number) => settling.wait(timeoutMs),
    wish: (...of: Parameters<Presence["wish"]>) => presence.wish(...of),
  };
  return async (name, values) => doers[name](...(values as never[]));
}
