/** Finds people by their names and departments. Those of each organisation are read from its accounts when somebody is first looked for. */
import type { DepartmentPage, DepartmentQuery, PeopleAmong, PeopleSearch } from "@parley/contracts";
import { Failure } from "@parley/base";
import {
  type TenantId,
  type UserId,
  DEPARTMENT_PAGE_MAX,
  FOUND_PEOPLE_MAX,
  PEOPLE_TEXT_BYTES_MAX,
  decode,
  foldName,
} from "@parley/protocol";
import { type Tables, successor } from "@parley/tables";
import { ACCOUNT, AccountRow } from "./account-rows.js";
import { checkedDepartment } from "./account-checks.js";
import { DepartmentTree } from "./department-tree.js";
import { PeopleIndex } from "./people-index.js";

/** People of all indexes that were made since all were dropped. */
export const PEOPLE_INDEXED_MAX = 1_000_000;
/** People whom one search in a conversation looks at, and how many at a time. */
export const PEOPLE_LOOKED_AT_MAX = 2_000;
const LOOK_UP_PEOPLE = 200;
const PAGE_ROWS = 1_000;

/** What is noted of an account. */
type Noted = Pick<AccountRow, "name" | "department">;

interface Kept {
  readonly people: People;
  readonly loaded: Promise<void>;
}

/** The people of one organisation. */
class People {
  readonly index = new PeopleIndex();
  readonly departments = new DepartmentTree();

  set(userId: UserId, { name, department }: Noted): void {
    this.index.set(userId, name);
    this.departments.set(userId, this.index.nameOf(userId), department);
  }
}

export class PeopleFinder {
  readonly #tables: Pick<Tables, "range">;
  readonly #kept = new Map<TenantId, Kept>();
  #peopleCount = 0;

  constructor(tables: Pick<Tables, "range">) {
    this.#tables = tables;
  }

  /** Accounts were written: called for every one, after it is durable. */
  note(tenantId: TenantId, userId: UserId, account: Noted): void {
    this.#kept.get(tenantId)?.people.set(userId, account);
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
    const { index } = await this.#find(tenantId);
    if (among === undefined) return index.find(folded, countMax);
    if (among.all !== undefined) return index.findAmong(among.all, folded, countMax);
    return firstAmong(index.find(folded, PEOPLE_LOOKED_AT_MAX), among, countMax);
  }

  /** What lies in a department, with the ids of its people. Errors: "bad-request". Cost: as `find`. */
  async department(
    tenantId: TenantId,
    { path, after, limit }: DepartmentQuery,
  ): Promise<Omit<DepartmentPage, "users"> & { readonly userIds: readonly UserId[] }> {
    const checked = checkedDepartment(path);
    const countMax = Math.min(limit || DEPARTMENT_PAGE_MAX, DEPARTMENT_PAGE_MAX);
    const { departments } = await this.#find(tenantId);
    // One more says whether there is another page.
    const found = departments.people(checked, after, countMax + 1);
    if (found === undefined)
      throw new Failure("bad-request", "A page begins after somebody of the organisation.", {
        retry: "after-change",
      });
    const userIds = found.slice(0, countMax);
    return {
      departments: after === "" ? departments.below(checked) : [],
      userIds,
      next: found.length > countMax ? userIds.at(-1)! : "",
    };
  }

  async #find(tenantId: TenantId): Promise<People> {
    let kept = this.#kept.get(tenantId);
    if (kept === undefined) {
      const people = new People();
      kept = { people, loaded: this.#load(tenantId, people) };
      this.#kept.set(tenantId, kept);
    }
    const { people, loaded } = kept;
    try {
      await loaded;
    } catch (error) {
      if (this.#kept.get(tenantId)?.people === people) this.#kept.delete(tenantId);
      throw error;
    }
    return people;
  }

  async #load(tenantId: TenantId, people: People): Promise<void> {
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
        if (!people.index.has(userId)) people.set(userId, decode(AccountRow, value));
      }
      if (rows.length < PAGE_ROWS) break;
      from = successor(rows.at(-1)!.sort) as readonly string[];
    }
    this.#peopleCount += people.index.size;
    if (this.#peopleCount <= PEOPLE_INDEXED_MAX) return;
    // The others are made again when they are asked for.
    for (const [each, kept] of this.#kept) if (kept.people !== people) this.#kept.delete(each);
    this.#peopleCount = people.index.size;
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
