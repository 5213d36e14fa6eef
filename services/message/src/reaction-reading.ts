/** Reactions as one user sees them, merged into messages when those are read: the message's own row never holds them. */
import { type HeadRow, ReactionRow, ReactionSumRow } from "@parley/domain";
import { type Message, type Reactions, type UserId, decode } from "@parley/protocol";
import type { Key, WriteBackTables } from "@parley/tables";
import { CONVERSATION_REACTION, CONVERSATION_REACTION_SUM } from "./conversation-tables.js";

/** The reactions of some messages, by sequence. */
export type Sums = ReadonlyMap<number, ReactionSumRow>;

const NO_SUMS: Sums = new Map();
/** What a page counts for a byte of a summary: `mine` comes to it, and small parts take more room in memory than on the wire. */
const BYTES_PER_SUM_BYTE = 2;

interface Place {
  readonly partition: Key;
  readonly head: HeadRow;
}

/** Of all messages from `first` to `last`. Cost: one range read; nothing while there was never a reaction here. */
export async function sumsBetween(
  tables: Pick<WriteBackTables, "findMany" | "range">,
  { partition, head }: Place,
  { first, last }: { readonly first: number; readonly last: number },
): Promise<Sums> {
  if (head.reacting === undefined || first > last) return NO_SUMS;
  const rows = await tables.range({
    table: CONVERSATION_REACTION_SUM,
    partition,
    from: [first],
    before: [last + 1],
    limit: last - first + 1,
  });
  return new Map(rows.map(({ sort, value }) => [sort[0] as number, decode(ReactionSumRow, value)]));
}

/** Of these messages. */
export async function sumsOf(
  tables: Pick<WriteBackTables, "findMany" | "range">,
  { partition, head }: Place,
  sequences: readonly number[],
): Promise<Sums> {
  if (head.reacting === undefined || sequences.length === 0) return NO_SUMS;
  const values = await tables.findMany(
    CONVERSATION_REACTION_SUM,
    sequences.map((sequence) => ({ partition, sort: [sequence] })),
  );
  return new Map(
    sequences.flatMap((sequence, index) => {
      const value = values[index];
      return value === undefined ? [] : [[sequence, decode(ReactionSumRow, value)] as const];
    }),
  );
}

/** What a message's reactions add to the bytes of a page. */
export function bytesOfSum(sums: Sums, sequence: number): number {
  const items = sums.get(sequence)?.items ?? [];
  let bytes = 0;
  for (const { key, userIds } of items)
    bytes += 8 + key.length * 3 + userIds.reduce((sum, userId) => sum + userId.length + 2, 0);
  return bytes * BYTES_PER_SUM_BYTE;
}

/** The messages with their reactions and those of `userId`. Cost: one read of as many rows as messages have reactions. */
export async function withReactions(
  tables: Pick<WriteBackTables, "findMany" | "range">,
  messages: readonly Message[],
  of: { readonly partition: Key; readonly sums: Sums; readonly userId: UserId },
): Promise<readonly Message[]> {
  const { partition, sums, userId } = of;
  if (sums.size === 0) return messages;
  const reacted = messages.filter(({ sequence }) => sums.has(sequence));
  if (reacted.length === 0) return messages;
  const values = await tables.findMany(
    CONVERSATION_REACTION,
    reacted.map(({ sequence }) => ({ partition, sort: [sequence, userId] })),
  );
  const own = new Map(reacted.map(({ sequence }, index) => [sequence, values[index]]));
  return messages.map((message) => {
    const sum = sums.get(message.sequence);
    return sum === undefined ? message : { ...message, reactions: seenBy(sum, own.get(message.sequence)) };
  });
}

function seenBy({ revision, items }: ReactionSumRow, own: Uint8Array | undefined): Reactions {
  if (own === undefined) return { revision, items, mine: [], mineRevision: 0 };
  const row = decode(ReactionRow, own);
  return { revision, items, mine: row.keys, mineRevision: row.revision };
}
