/** What is counted of a table, and how much of it in the last minute and hour. */

/** Bytes are those of the values. A row is one cell, unless it is known to consist of columns. */
export interface TableCounts {
  readonly readRequests: number;
  readonly rowsRead: number;
  readonly cellsRead: number;
  readonly bytesRead: number;
  readonly writeRequests: number;
  readonly rowsWritten: number;
  readonly cellsWritten: number;
  readonly bytesWritten: number;
  readonly rowsDeleted: number;
}

/** Where each count stands in an array of totals. */
export const AT = {
  readRequests: 0,
  rowsRead: 1,
  cellsRead: 2,
  bytesRead: 3,
  writeRequests: 4,
  rowsWritten: 5,
  cellsWritten: 6,
  bytesWritten: 7,
  rowsDeleted: 8,
} as const satisfies Record<keyof TableCounts, number>;

const NAMES = Object.keys(AT) as (keyof TableCounts)[];

/** Totals with a sliding window of seconds and one of minutes. */
export class SlidingCounts {
  /** Added to by whoever counts. */
  readonly totals = new Float64Array(NAMES.length);
  readonly #minute: Window;
  readonly #hour: Window;

  constructor(nowMs: number) {
    this.#minute = new Window(1_000, nowMs);
    this.#hour = new Window(60_000, nowMs);
  }

  /** Closes the buckets that are over. To be called about once a second. */
  roll(nowMs: number): void {
    this.#minute.roll(nowMs, this.totals);
    this.#hour.roll(nowMs, this.totals);
  }

  total(): TableCounts {
    return named((index) => this.totals[index]!);
  }

  /** Of the last 60 seconds and the second that has begun. */
  lastMinute(): TableCounts {
    return named((index) => this.totals[index]! - this.#minute.before(index));
  }

  /** Of the last 60 minutes and the minute that has begun. */
  lastHour(): TableCounts {
    return named((index) => this.totals[index]! - this.#hour.before(index));
  }
}

const BUCKETS = 60;
/** One more for the bucket that has begun. */
const MARKS = BUCKETS + 1;

/** The totals at the beginning of each of the last buckets: what is added costs nothing here. */
class Window {
  readonly #periodMs: number;
  readonly #marks = Array.from({ length: MARKS }, () => new Float64Array(NAMES.length));
  #bucket: number;

  constructor(periodMs: number, nowMs: number) {
    this.#periodMs = periodMs;
    this.#bucket = Math.floor(nowMs / periodMs);
  }

  roll(nowMs: number, totals: Float64Array): void {
    const bucket = Math.floor(nowMs / this.#periodMs);
    const passed = Math.min(MARKS, bucket - this.#bucket);
    for (let each = bucket - passed + 1; each <= bucket; each++) this.#marks[each % MARKS]!.set(totals);
    this.#bucket = bucket;
  }

  /** What had been counted when the oldest of the buckets began. */
  before(index: number): number {
    return this.#marks[(this.#bucket + 1) % MARKS]![index]!;
  }
}

function named(count: (index: number) => number): TableCounts {
  return Object.fromEntries(NAMES.map((name) => [name, count(AT[name])])) as unknown as TableCounts;
}
