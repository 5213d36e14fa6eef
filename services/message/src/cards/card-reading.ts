/** Private parts of cards as their user sees them, merged into messages when those are read: the message's own row never holds them. */
import { type Message, type UserId, Card, decode, nested, schema } from "@parley/protocol";
import type { Key, Row, WriteBackTables } from "@parley/tables";
import { CONVERSATION_CARD_PART } from "../conversation-tables.js";

/** The private parts of one user, by sequence. */
export type Parts = ReadonlyMap<number, Card>;

/** Cards on one page, which ends before the next one: each may have a part of CARD_BYTES_MAX, which has to be read. */
export const CARDS_PER_PAGE_MAX = 16;
/** Parts that are in memory at a time where only their revisions matter. */
const PARTS_AT_A_TIME = 64;

const NO_PARTS: Parts = new Map();
/** Of a Message only whether it is a card: the rest is skipped and costs next to nothing. */
const CardOfMessage = schema("Message", {
  body: nested(7, schema("Body", { card: nested(7, schema("Card", {})) })),
});

interface Whose {
  readonly partition: Key;
  readonly userId: UserId;
}

type CardTables = Pick<WriteBackTables, "findMany">;

/** The sequences of those rows of messages that are cards. */
export function cardsAmong(rows: readonly Pick<Row, "sort" | "value">[]): readonly number[] {
  return rows.flatMap(({ sort, value }) =>
    decode(CardOfMessage, value).body?.card === undefined ? [] : [sort[0] as number],
  );
}

/** Of these cards the parts that this user ever had. Cost: one read of as many rows as there are cards. */
export async function partsOf(
  tables: CardTables,
  { partition, userId }: Whose,
  sequences: readonly number[],
): Promise<Parts> {
  if (sequences.length === 0) return NO_PARTS;
  const values = await tables.findMany(
    CONVERSATION_CARD_PART,
    sequences.map((sequence) => ({ partition, sort: [sequence, userId] })),
  );
  return new Map(
    sequences.flatMap((sequence, index) => {
      const value = values[index];
      return value === undefined ? [] : [[sequence, decode(Card, value)] as const];
    }),
  );
}

/** As `partsOf` without what the parts say, of any number of cards. */
export async function partRevisionsOf(
  tables: CardTables,
  whose: Whose,
  sequences: readonly number[],
): Promise<Parts> {
  const revisions = new Map<number, Card>();
  for (let start = 0; start < sequences.length; start += PARTS_AT_A_TIME) {
    const parts = await partsOf(tables, whose, sequences.slice(start, start + PARTS_AT_A_TIME));
    for (const [sequence, { revision }] of parts) revisions.set(sequence, { content: "", revision });
  }
  return revisions;
}

/** What a private part adds to the bytes of a page. */
export function bytesOfPart(parts: Parts, sequence: number): number {
  const part = parts.get(sequence);
  return part === undefined ? 0 : Buffer.byteLength(part.content) + 16;
}

/** The messages with their parts. What was recalled is no card any more. */
export function withParts(messages: readonly Message[], parts: Parts): readonly Message[] {
  if (parts.size === 0) return messages;
  return messages.map((message) => {
    const cardPart = parts.get(message.sequence);
    return cardPart === undefined ? message : { ...message, cardPart };
  });
}
