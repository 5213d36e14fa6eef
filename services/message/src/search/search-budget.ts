/** What one request may cost: after that its page ends, and the next one goes on. */

/** Units of work: a message read is one, and one more for each WORK_CHARACTERS of its text. */
const WORK_MAX = 20_000;
const WORK_CHARACTERS = 256;
/** Filters read, of some kilobytes each. */
const FILTERS_MAX = 2_000;

export class SearchBudget {
  #workLeft: number;
  #filtersLeft: number;

  constructor({ workMax = WORK_MAX, filtersMax = FILTERS_MAX }: BudgetOptions = {}) {
    this.#workLeft = workMax;
    this.#filtersLeft = filtersMax;
  }

  get isSpent(): boolean {
    return this.#workLeft <= 0 || this.#filtersLeft <= 0;
  }

  spendText(text: string): void {
    this.#workLeft -= 1 + Math.floor(text.length / WORK_CHARACTERS);
  }

  spendReads(count: number): void {
    this.#workLeft -= count;
  }

  spendFilters(count: number): void {
    this.#filtersLeft -= count;
  }
}

export interface BudgetOptions {
  /** Default 20,000. */
  readonly workMax?: number;
  /** Default 2,000. */
  readonly filtersMax?: number;
}
