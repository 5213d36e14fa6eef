/** A reader of one conversation whose messages a test gives. */
import type { Session } from "@parley/contracts";
import type { Clock, Scheduler } from "@parley/base";
import { HeadRow, MemberRow } from "@parley/domain";
import {
  type ConversationId,
  type DeviceId,
  type Init,
  type SessionId,
  type TenantId,
  type UserId,
  Message,
  encode,
} from "@parley/protocol";
import { MemoryTableStore, MemoryTables, WriteBackTables } from "@parley/tables";
import {
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
  conversationPartition,
} from "../conversation-tables.js";
import { HistoryReader } from "../history.js";

export const CONVERSATION = "g:team" as ConversationId;
export const SESSION: Session = {
  tenantId: "acme" as TenantId,
  userId: "ann" as UserId,
  deviceId: "d" as DeviceId,
  sessionId: "s" as SessionId,
  expiresAtMs: 1,
};

const clock: Clock = { nowMs: () => 0, monotonicMs: () => 0 };
/** Nothing is ever flushed: all rows stay staged. */
const scheduler: Scheduler = {
  after: () => ({ cancel: () => undefined }),
  every: () => ({ cancel: () => undefined }),
  soon: () => undefined,
};

/** A reader for a member who sees all of `messages`, which get the sequences 1, 2, 3 …, but those that are `hidden`. */
export function readerOf(messages: readonly Init<Message>[], hidden: readonly number[] = []): HistoryReader {
  const tables = new WriteBackTables({
    tables: new MemoryTables(new MemoryTableStore(), clock),
    clock,
    scheduler,
    onFailure: (failure) => {
      throw failure;
    },
  });
  const partition = conversationPartition({ tenantId: SESSION.tenantId, conversationId: CONVERSATION });
  const head = encode(HeadRow, { lastSequence: messages.length });
  const member = encode(MemberRow, { role: "member", firstVisible: 1 });
  const rows = messages.map((message, index) => ({
    kind: "put" as const,
    table: CONVERSATION_MESSAGE,
    sort: [index + 1],
    value: encode(Message, { conversationId: CONVERSATION, ...message, sequence: index + 1 }),
  }));
  tables.stage({
    partition,
    writes: [
      { kind: "put", table: CONVERSATION_HEAD, sort: [], value: head },
      { kind: "put", table: CONVERSATION_MEMBER, sort: [SESSION.userId], value: member },
      ...rows,
    ],
  });
  return new HistoryReader(tables, {
    hiddenSequences: async (_session, { first, last }) =>
      hidden.filter((sequence) => sequence >= first && sequence <= last),
  });
}
