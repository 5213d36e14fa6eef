/** What goes with messages when they are read, beside their rows: reactions and private parts of cards. */
import type { HeadRow } from "@parley/domain";
import { type UserId, countFitting } from "@parley/protocol";
import type { Key, Row, WriteBackTables } from "@parley/tables";
import {
  CARDS_PER_PAGE_MAX,
  type Parts,
  bytesOfPart,
  cardsAmong,
  partRevisionsOf,
  partsOf,
} from "./cards/card-reading.js";
import { type Sums, bytesOfSum, sumsBetween, sumsOf } from "./reaction-reading.js";

export interface Extras {
  readonly sums: Sums;
  readonly parts: Parts;
}

/** Where the messages are, and who reads them. */
export interface Whose {
  readonly partition: Key;
  readonly head: HeadRow;
  readonly userId: UserId;
}

type Tables = Pick<WriteBackTables, "findMany" | "range">;
type StoredMessage = Pick<Row, "sort" | "value">;

/** Rows of messages, and the span that they were read of as one range, if they were. */
interface RowsOfSpan<R> {
  readonly rows: readonly R[];
  readonly span?: { readonly first: number; readonly last: number };
}

/** Read after the messages: what comes in between is told by an event. */
export async function extrasOf(
  tables: Tables,
  whose: Whose,
  rows: readonly StoredMessage[],
): Promise<Extras> {
  const sums = await sumsFor(tables, whose, { rows });
  return { sums, parts: await partsOf(tables, whose, cardsAmong(rows)) };
}

/** As `extrasOf`, for a digest: parts without what they say. */
export async function digestExtrasOf(
  tables: Tables,
  whose: Whose,
  of: RowsOfSpan<StoredMessage>,
): Promise<Extras> {
  const sums = await sumsFor(tables, whose, of);
  return { sums, parts: await partRevisionsOf(tables, whose, cardsAmong(of.rows)) };
}

/** The rows that one page has room for, from the side where it begins, and what goes with them. */
export async function fittingRows<R extends StoredMessage>(
  tables: Tables,
  whose: Whose,
  page: RowsOfSpan<R> & { readonly isForward: boolean },
): Promise<{ readonly fitting: readonly R[]; readonly extras: Extras }> {
  const { isForward } = page;
  const sums = await sumsFor(tables, whose, page);
  const { rows, cards } = withFewCards(page.rows, isForward);
  const parts = await partsOf(tables, whose, cards);
  const sizes = rows.map(({ sort, value }) => {
    const sequence = sort[0] as number;
    return value.length + bytesOfSum(sums, sequence) + bytesOfPart(parts, sequence);
  });
  const fitting = isForward
    ? rows.slice(0, countFitting(sizes))
    : rows.slice(rows.length - countFitting(sizes.toReversed()));
  return { fitting, extras: { sums, parts } };
}

/** The rows up to the card that is one too many, and the cards among them. */
function withFewCards<R extends StoredMessage>(
  rows: readonly R[],
  isForward: boolean,
): { readonly rows: readonly R[]; readonly cards: readonly number[] } {
  const all = cardsAmong(rows);
  if (all.length <= CARDS_PER_PAGE_MAX) return { rows, cards: all };
  const cards = isForward ? all.slice(0, CARDS_PER_PAGE_MAX) : all.slice(-CARDS_PER_PAGE_MAX);
  const beyond = isForward ? all[CARDS_PER_PAGE_MAX] : all.at(-CARDS_PER_PAGE_MAX - 1);
  const at = rows.findIndex(({ sort }) => sort[0] === beyond);
  return { rows: isForward ? rows.slice(0, at) : rows.slice(at + 1), cards };
}

function sumsFor(tables: Tables, whose: Whose, { rows, span }: RowsOfSpan<StoredMessage>): Promise<Sums> {
  if (span !== undefined) return sumsBetween(tables, whose, span);
  return sumsOf(
    tables,
    whose,
    rows.map(({ sort }) => sort[0] as number),
  );
}
