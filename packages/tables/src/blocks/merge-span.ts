import { isExpired } from "../stored-value.js";
import type { Row } from "../tables.js";
import type { Block, PackedRow } from "./block.js";
import { isMark, numberOf } from "./stored-keys.js";

/** What is known of the numbers from `from`, inclusive, to `before`, exclusive: everything. */
export interface SpanSources {
  /** Rows and marks beside the blocks, ascending. May reach beyond the span. */
  readonly beside: readonly Row[];
  /** Ascending. May reach beyond the span. */
  readonly blocks: readonly Block[];
  readonly from: number;
  readonly before: number;
  readonly isDescending: boolean;
  readonly nowMs: number;
}

/** The rows of a span, in its direction: what lies beside the blocks hides the same row within one. */
export function* mergedRows(sources: SpanSources): Generator<PackedRow, undefined> {
  const { nowMs, isDescending } = sources;
  const beside = besideOf(sources);
  const packed = packedOf(sources);
  let own = beside.next();
  let other = packed.next();
  while (own.done !== true || other.done !== true) {
    const ownNumber = own.value?.number;
    const otherNumber = other.value?.number;
    if (isFirst(ownNumber, otherNumber, isDescending)) {
      const { number, value } = own.value as Beside;
      if (value !== undefined) yield { number, value };
      own = beside.next();
      if (ownNumber === otherNumber) other = packed.next();
    } else {
      const row = other.value as PackedRow;
      if (!isExpired(row.expiresAtMs, nowMs)) yield row;
      other = packed.next();
    }
  }
}

/** A number that has something beside the blocks: a row, or a mark that there is none. */
interface Beside {
  readonly number: number;
  readonly value: Uint8Array | undefined;
}

function isFirst(own: number | undefined, other: number | undefined, isDescending: boolean): boolean {
  if (own === undefined) return false;
  if (other === undefined) return true;
  return isDescending ? own >= other : own <= other;
}

function* besideOf({ beside, from, before, isDescending }: SpanSources): Generator<Beside, undefined> {
  const entries: Beside[] = [];
  for (const { sort, value } of beside) {
    const number = numberOf(sort);
    if (number < from || number >= before) continue;
    // A row stands before its mark, and counts.
    if (!isMark(sort)) entries.push({ number, value });
    else if (entries.at(-1)?.number !== number) entries.push({ number, value: undefined });
  }
  yield* isDescending ? entries.toReversed() : entries;
}

function* packedOf({ blocks, from, before, isDescending }: SpanSources): Generator<PackedRow, undefined> {
  for (const block of isDescending ? blocks.toReversed() : blocks) {
    if (block.last < from || block.first >= before) continue;
    const { rows } = block;
    const start = block.lowerBound(from);
    const end = before === Infinity ? rows.length : block.lowerBound(before);
    if (isDescending) for (let index = end - 1; index >= start; index--) yield rows[index]!;
    else for (let index = start; index < end; index++) yield rows[index]!;
  }
}
