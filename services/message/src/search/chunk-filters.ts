/** The filters of one conversation as one search reads them, from the newest chunk down, some more at each read. */
import type { ConversationKey } from "@parley/domain";
import type { WriteBackTables } from "@parley/tables";
import { CONVERSATION_SEARCH, conversationPartition } from "../conversation-tables.js";
import type { SearchBudget } from "./search-budget.js";
import { isFilter } from "./term-filter.js";

/** Filters of one read at most: with 4 KiB each a quarter of a megabyte. */
const FILTERS_PER_READ_MAX = 64;

export class ChunkFilters {
  readonly #tables: Pick<WriteBackTables, "range">;
  readonly #key: ConversationKey;
  readonly #budget: SearchBudget;
  /** Of the chunks from `#first` on that were read. */
  #filters = new Map<number, Uint8Array>();
  #first = Number.POSITIVE_INFINITY;
  #perRead = 1;

  constructor(tables: Pick<WriteBackTables, "range">, key: ConversationKey, budget: SearchBudget) {
    this.#tables = tables;
    this.#key = key;
    this.#budget = budget;
  }

  /** The filter of a chunk, or undefined when there is none. Chunks are asked for in descending order. */
  async find(chunk: number): Promise<Uint8Array | undefined> {
    if (chunk < this.#first) await this.#read(chunk);
    return this.#filters.get(chunk);
  }

  async #read(chunk: number): Promise<void> {
    const first = Math.max(0, chunk - this.#perRead + 1);
    const rows = await this.#tables.range({
      table: CONVERSATION_SEARCH,
      partition: conversationPartition(this.#key),
      from: [first],
      before: [chunk + 1],
      limit: this.#perRead,
    });
    this.#budget.spendFilters(rows.length);
    this.#filters = new Map(
      rows.filter(({ value }) => isFilter(value)).map(({ sort, value }) => [sort[0] as number, value]),
    );
    this.#first = first;
    this.#perRead = Math.min(FILTERS_PER_READ_MAX, this.#perRead * 2);
  }
}
