/** Finds people by their names. The words of each organisation are read from its accounts when somebody is first looked for. */
import type { PeopleAmong, PeopleSearch } from "@parley/contracts";
import { Failure } from "@parley/base";
import {
  type TenantId,
  type UserId,
  FOUND_PEOPLE_MAX,
  PEOPLE_TEXT_BYTES_MAX,
  decode,
  foldName,
} from "@parley/protocol";
import { type Tables, successor } from "@parley/tables";
import { ACCOUNT, AccountRow } from "./account-rows.js";
import { PeopleIndex } from "./people-index.js";

/** People of all indexes that were made since all were dropped. */
export const PEOPLE_INDEXED_MAX = 1_000_000;
/** People whom one search in a conversation looks at, and how many at a time. */
export const PEOPLE_LOOKED_AT_MAX = 2_000;
const LOOK_UP_PEOPLE = 200;
const PAGE_ROWS = 1_000;

interface Kept {
  readonly index: PeopleIndex;
  readonly loaded: Promise<void>;
}

export class PeopleFinder {
  readonly #tables: Pick<Tables, "range">;
  readonly #kept = new Map<TenantId, Kept>();
  #peopleCount = 0;

  constructor(tables: Pick<Tables, "range">) {
    this.#tables = tables;
  }

  /** Accounts were written: called for every one, after it is durable. */
  note(tenantId: TenantId, userId: UserId, name: string): void {
    this.#kept.get(tenantId)?.index.set(userId, name);
  }

  /** Reads the names when they are not there yet. Cost: a read of all accounts. */
  async prepare(tenantId: TenantId): Promise<void> {
    await this.#find(tenantId);
  }

  /** The ids of those who are found, the best first. Errors: "bad-request". Cost: the first time a read of all accounts. */
  async find(tenantId: TenantId, { text, limit, among }: PeopleSearch): Promise<readonly UserId[]> {
    if (Buffer.byteLength(text) > PEOPLE_TEXT_BYTES_MAX) {
      const message = `People are looked for by at most ${PEOPLE_TEXT_BYTES_MAX} bytes.`;
      throw new Failure("bad-request", message, { retry: "after-change" });
    }
    const countMax = Math.min(limit || FOUND_PEOPLE_MAX, FOUND_PEOPLE_MAX);
    const folded = foldName(text);
    // What was typed has no letter in it, and so nobody's name has it.
    if (folded === "" && text.trim() !== "") return [];
    const index = await this.#find(tenantId);
    if (among === undefined) return index.find(folded, countMax);
    if (among.all !== undefined) return index.findAmong(among.all, folded, countMax);
    return firstAmong(index.find(folded, PEOPLE_LOOKED_AT_MAX), among, countMax);
  }

  async #find(tenantId: TenantId): Promise<PeopleIndex> {
    let kept = this.#kept.get(tenantId);
    if (kept === undefined) {
      const index = new PeopleIndex();
      kept = { index, loaded: this.#load(tenantId, index) };
      this.#kept.set(tenantId, kept);
    }
    const { index, loaded } = kept;
    try {
      await loaded;
    } catch (error) {
      if (this.#kept.get(tenantId)?.index === index) this.#kept.delete(tenantId);
      throw error;
    }
    return index;
  }

  async #load(tenantId: TenantId, index: PeopleIndex): Promise<void> {
    let from: readonly string[] | undefined;
    for (;;) {
      const rows = await this.#tables.range({
        table: ACCOUNT,
        partition: [tenantId],
        limit: PAGE_ROWS,
        ...(from === undefined ? {} : { from }),
      });
      for (const { sort, value } of rows) {
        const userId = sort[0] as UserId;
        // Who was noted meanwhile is newer than the page.
        if (!index.has(userId)) index.set(userId, decode(AccountRow, value).name);
      }
      if (rows.length < PAGE_ROWS) break;
      from = successor(rows.at(-1)!.sort) as readonly string[];
    }
    this.#peopleCount += index.size;
    if (this.#peopleCount <= PEOPLE_INDEXED_MAX) return;
    // The others are made again when they are asked for.
    for (const [each, kept] of this.#kept) if (kept.index !== index) this.#kept.delete(each);
    this.#peopleCount = index.size;
  }
}

async function firstAmong(
  candidates: readonly UserId[],
  among: PeopleAmong,
  countMax: number,
): Promise<readonly UserId[]> {
  const found: UserId[] = [];
  for (let start = 0; start < candidates.length && found.length < countMax; start += LOOK_UP_PEOPLE) {
    const batch = candidates.slice(start, start + LOOK_UP_PEOPLE);
    const are = await among.has(batch);
    found.push(...batch.filter((_, at) => are[at] === true));
  }
  return found.slice(0, countMax);
}
