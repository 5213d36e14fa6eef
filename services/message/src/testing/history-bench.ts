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
import {
  type Batch,
  MemoryTableStore,
  MemoryTables,
  openIndexedTables,
  WriteBackTables,
  type Write,
} from "@parley/tables";
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

/**
 * A reader for a member who sees all of `messages`, which get the sequences 1, 2, 3 …, but those that are `hidden` or below
 * `firstKept`.
 */
export function readerOf(
  messages: readonly Init<Message>[],
  hidden: readonly number[] = [],
  firstKept = 0,
): HistoryReader {
  const tables = new WriteBackTables({
    tables: new MemoryTables(new MemoryTableStore(), clock),
    clock,
    scheduler,
    onFailure: fail,
  });
  tables.stage(batchOf(messages, firstKept));
  return readerOver(tables, hidden);
}

/** The same with indexes; `storedCount` messages are stored, before or after the index was declared, the others staged. */
export async function indexedReaderOf(
  messages: readonly Init<Message>[],
  { storedCount, isIndexed }: { readonly storedCount: number; readonly isIndexed: boolean },
  hidden: readonly number[] = [],
): Promise<HistoryReader> {
  const memory = new MemoryTables(new MemoryTableStore(), clock);
  if (!isIndexed) await memory.write([batchOf(messages.slice(0, storedCount))], { isDurable: true });
  const indexed = await openIndexedTables({
    tables: memory,
    declared: [CONVERSATION_MESSAGE],
    clock,
    scheduler,
  });
  if (isIndexed) await indexed.write([batchOf(messages.slice(0, storedCount))], { isDurable: true });
  const tables = new WriteBackTables({
    tables: indexed,
    indexes: indexed,
    clock,
    scheduler,
    onFailure: fail,
  });
  const { partition, writes } = batchOf(messages);
  const known = (write: Write): boolean =>
    write.table.name === CONVERSATION_MESSAGE.name && (write.sort[0] as number) <= storedCount;
  tables.stage({ partition, writes: writes.filter((write) => !known(write)) });
  return readerOver(tables, hidden);
}

function batchOf(messages: readonly Init<Message>[], firstKept = 0): Batch {
  const head = encode(HeadRow, { lastSequence: messages.length, firstKept });
  const member = encode(MemberRow, { role: "member", firstVisible: 1 });
  const rows = messages.map((message, index) => ({
    kind: "put" as const,
    table: CONVERSATION_MESSAGE,
    sort: [index + 1],
    value: encode(Message, { conversationId: CONVERSATION, ...message, sequence: index + 1 }),
  }));
  return {
    partition: conversationPartition({ tenantId: SESSION.tenantId, conversationId: CONVERSATION }),
    writes: [
      { kind: "put", table: CONVERSATION_HEAD, sort: [], value: head },
      { kind: "put", table: CONVERSATION_MEMBER, sort: [SESSION.userId], value: member },
      ...rows,
    ],
  };
}

function readerOver(tables: WriteBackTables, hidden: readonly number[]): HistoryReader {
  return new HistoryReader(tables, {
    hiddenSequences: async (_session, { first, last }) =>
      hidden.filter((sequence) => sequence >= first && sequence <= last),
  });
}

function fail(failure: Error): never {
  throw failure;
}
