import type { Key } from "../tables.js";
import { type Heavy, SpaceSaving } from "./space-saving.js";

/** Partitions counted at a time: any with a twentieth of a percent of the requests is among them. */
const PARTITIONS_COUNTED = 2_048;
const WINDOW_MS = 30_000;
const FIGURES = 3;
/** So many requests of a window are all counted; of the further ones one in eight, for eight. */
const COUNTED_ONE_BY_ONE = 16_384;
const SAMPLED_ONE_IN = 8;

/** What one request read or wrote. */
export interface Touched {
  readonly rows: number;
  readonly cells: number;
  readonly bytes: number;
}

/** A partition key that is asked for or written to often, over all tables that share it. */
export interface HotPartition {
  readonly partition: Key;
  /** A table that it was met in. */
  readonly table: string;
  /** About so many in the time looked at, and less by `error` at most. */
  readonly requests: number;
  readonly error: number;
  /** Since it was counted, about. */
  readonly rows: number;
  readonly cells: number;
  readonly bytes: number;
}

/**
 * The partitions with the most requests of the last half to whole minute: two windows take turns, so that what was hot
 * is forgotten. Bounded memory: about half a megabyte.
 */
export class HotPartitions {
  #current: CountedPartitions;
  #last: CountedPartitions;

  constructor(nowMs: number) {
    this.#current = new CountedPartitions(nowMs);
    this.#last = new CountedPartitions(nowMs);
  }

  add(table: string, partition: Key, touched: Touched): void {
    this.#current.add(table, partition, touched);
  }

  /** Begins a new window when it is time. To be called about once a second. */
  roll(nowMs: number): void {
    if (nowMs - this.#current.beganMs < WINDOW_MS) return;
    const oldest = this.#last;
    this.#last = this.#current;
    this.#current = oldest;
    oldest.restart(nowMs);
  }

  /** The hottest first, and the time they were counted in. Cost: sorts all that are counted. */
  hottest(
    limit: number,
    nowMs: number,
  ): { readonly seconds: number; readonly partitions: readonly HotPartition[] } {
    const found = new Map<string, HotPartition>();
    for (const counted of [this.#last, this.#current]) {
      for (const heavy of counted.all()) {
        const own = counted.describe(heavy);
        const other = found.get(heavy.key);
        found.set(heavy.key, other === undefined ? own : together(own, other));
      }
    }
    const partitions = [...found.values()].toSorted((left, right) => right.requests - left.requests);
    return {
      seconds: (nowMs - Math.min(this.#last.beganMs, this.#current.beganMs)) / 1_000,
      partitions: partitions.slice(0, limit),
    };
  }
}

/** The partitions of one window. */
class CountedPartitions {
  readonly #heavy = new SpaceSaving(PARTITIONS_COUNTED);
  readonly #partitions: Key[] = [];
  readonly #tables: string[] = [];
  readonly #figures = new Float64Array(PARTITIONS_COUNTED * FIGURES);
  beganMs: number;
  #requests = 0;
  #skip = 0;
  /** The state of a small generator: requests that come in a fixed rhythm must not always meet the same turn. */
  #chance = 1;

  constructor(nowMs: number) {
    this.beganMs = nowMs;
  }

  add(table: string, partition: Key, { rows, cells, bytes }: Touched): void {
    let weight = 1;
    if (++this.#requests > COUNTED_ONE_BY_ONE) {
      if (this.#skip-- > 0) return;
      this.#skip = this.#drawSkip();
      weight = SAMPLED_ONE_IN;
    }
    const answer = this.#heavy.add(nameOf(partition), weight);
    const slot = answer < 0 ? -1 - answer : answer;
    const at = slot * FIGURES;
    const figures = this.#figures;
    if (answer < 0) {
      this.#partitions[slot] = partition;
      this.#tables[slot] = table;
      figures.fill(0, at, at + FIGURES);
    }
    figures[at]! += rows * weight;
    figures[at + 1]! += cells * weight;
    figures[at + 2]! += bytes * weight;
  }

  all(): readonly Heavy[] {
    return this.#heavy.heaviest(PARTITIONS_COUNTED);
  }

  describe({ slot, count, error }: Heavy): HotPartition {
    const at = slot * FIGURES;
    return {
      partition: this.#partitions[slot]!,
      table: this.#tables[slot]!,
      requests: count,
      error,
      rows: this.#figures[at]!,
      cells: this.#figures[at + 1]!,
      bytes: this.#figures[at + 2]!,
    };
  }

  restart(nowMs: number): void {
    this.#heavy.clear();
    this.#partitions.length = 0;
    this.#tables.length = 0;
    this.#requests = 0;
    this.beganMs = nowMs;
  }

  /** 0 to 14, evenly: one in eight in the mean. */
  #drawSkip(): number {
    this.#chance = (Math.imul(this.#chance, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.#chance >>> 8) % (2 * SAMPLED_ONE_IN - 1);
  }
}

/** Short to make; two keys that differ only in the type of a part are counted as one. */
function nameOf(partition: Key): string {
  return partition.length === 2 ? `${partition[0]}\u0000${partition[1]}` : partition.join("\u0000");
}

function together(one: HotPartition, other: HotPartition): HotPartition {
  return {
    ...one,
    requests: one.requests + other.requests,
    error: one.error + other.error,
    rows: one.rows + other.rows,
    cells: one.cells + other.cells,
    bytes: one.bytes + other.bytes,
  };
}
