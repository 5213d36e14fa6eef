import { assert, Failure } from "@parley/base";
import type { Batch, Tables, TableSpec } from "../tables.js";
import {
  droppedState,
  INDEX_STATE,
  type IndexPhase,
  type IndexState,
  readIndexStates,
  unknownState,
  writeIndexState,
} from "./index-state.js";
import { LocalIndex } from "./local-index.js";

/** What is known about an index. */
export interface IndexStatus {
  readonly table: string;
  readonly index: string;
  readonly version: number;
  readonly generation: number;
  /** "dropped" until the last entry is removed. */
  readonly phase: IndexPhase | "dropped";
  /** Rows that the build under way has gone through. */
  readonly rowsDone: number;
}

/** Entries of an old generation that are to be removed. */
export interface Remains {
  readonly table: TableSpec;
  readonly index: string;
  readonly generation: number;
}

/** What is known about an index of either kind. */
export function statusOf({
  table,
  spec,
  state,
}: Pick<LocalIndex, "table" | "state"> & { readonly spec: { readonly name: string } }): IndexStatus {
  const { version, generation, phase, rowsDone, removing } = state;
  return {
    table: table.name,
    index: spec.name,
    version,
    generation,
    phase: phase === "absent" && removing.length > 0 ? "dropped" : phase,
    rowsDone,
  };
}

interface Undeclared {
  readonly tableName: string;
  readonly indexName: string;
  state: IndexState;
}

/** The indexes that are declared and those that the database knows, and what state they are in. */
export class IndexCatalog {
  readonly #tables: Tables;
  readonly #indexes: readonly LocalIndex[];
  readonly #byTable = new Map<string, readonly LocalIndex[]>();
  #undeclared: readonly Undeclared[];
  readonly #maintained = new Map<string, readonly LocalIndex[]>();

  private constructor(tables: Tables, indexes: readonly LocalIndex[], undeclared: readonly Undeclared[]) {
    this.#tables = tables;
    this.#indexes = indexes;
    this.#undeclared = undeclared;
    for (const index of indexes) {
      this.#byTable.set(index.table.name, [...(this.#byTable.get(index.table.name) ?? []), index]);
    }
    for (const tableName of this.#byTable.keys()) this.#refresh(tableName);
  }

  static async open(tables: Tables, declared: readonly TableSpec[]): Promise<IndexCatalog> {
    checkNames(declared);
    const indexes: LocalIndex[] = [];
    for (const table of declared) {
      const known = await readIndexStates(tables, table.name);
      for (const spec of table.indexes ?? []) {
        const state = known.get(spec.name) ?? unknownState(spec.version, table);
        const index = new LocalIndex(table, spec, state);
        await settle(tables, index);
        indexes.push(index);
      }
    }
    return new IndexCatalog(tables, indexes, await findUndeclared(tables, declared));
  }

  all(): readonly LocalIndex[] {
    return this.#indexes;
  }

  /** Errors: "index-unknown". */
  find(tableName: string, indexName: string): LocalIndex {
    const found = this.#byTable.get(tableName)?.find(({ spec }) => spec.name === indexName);
    if (found !== undefined) return found;
    throw new Failure("index-unknown", `No index ${indexName} is declared for the table ${tableName}.`, {
      details: { table: tableName, index: indexName },
    });
  }

  /** The indexes that a write to a table has to maintain. */
  maintained(tableName: string): readonly LocalIndex[] | undefined {
    return this.#maintained.get(tableName);
  }

  /** Whether a write to the table concerns an index, declared or not. */
  isTouchedBy(tableName: string): boolean {
    if (this.#maintained.has(tableName)) return true;
    return this.#undeclared.length > 0 && this.#undeclared.some((each) => each.tableName === tableName);
  }

  /** Makes a state durable, then acts upon it. Only while nothing is written. */
  async change(index: LocalIndex, state: IndexState): Promise<void> {
    await writeIndexState(this.#tables, { tableName: index.table.name, indexName: index.spec.name }, state);
    this.adopt(index, state);
  }

  /** Acts upon a state that is durable. Only while nothing is written. */
  adopt(index: LocalIndex, state: IndexState): void {
    index.state = state;
    this.#refresh(index.table.name);
  }

  /**
   * Ends the indexes of the batches' tables that the database knows and nobody has declared: from now on nobody maintains
   * them. Whoever only reads leaves them alone.
   */
  async retireUndeclared(batches: readonly Batch[]): Promise<void> {
    if (this.#undeclared.length === 0) return;
    const names = new Set(batches.flatMap(({ writes }) => writes.map(({ table }) => table.name)));
    for (const each of this.#undeclared) {
      if (!names.has(each.tableName) || each.state.phase === "absent") continue;
      const state = droppedState(each.state);
      await writeIndexState(this.#tables, each, state);
      each.state = state;
    }
    this.#undeclared = this.#undeclared.filter(
      ({ state }) => state.phase !== "absent" || state.removing.length > 0,
    );
  }

  /** What is left of generations that are no longer used. */
  remains(): readonly Remains[] {
    const declared = this.#indexes.flatMap(({ table, spec, state }) =>
      state.removing.map((generation) => ({ table, index: spec.name, generation })),
    );
    const undeclared = this.#undeclared.flatMap(({ tableName, indexName, state }) =>
      state.removing.map((generation) => ({
        table: { ...state.stored, name: tableName },
        index: indexName,
        generation,
      })),
    );
    return [...declared, ...undeclared];
  }

  /** Notes that nothing is left of a generation. Only while nothing is written. */
  async forget({ table, index: indexName, generation }: Remains): Promise<void> {
    const without = (state: IndexState): IndexState => ({
      ...state,
      removing: state.removing.filter((each) => each !== generation),
    });
    const index = this.#byTable.get(table.name)?.find(({ spec }) => spec.name === indexName);
    if (index !== undefined) {
      await this.change(index, without(index.state));
      return;
    }
    const other = this.#undeclared.find(
      (each) => each.tableName === table.name && each.indexName === indexName,
    );
    if (other === undefined) return;
    const state = without(other.state);
    await writeIndexState(this.#tables, other, state);
    other.state = state;
  }

  #refresh(tableName: string): void {
    const maintained = (this.#byTable.get(tableName) ?? []).filter(
      ({ maintenance }) => maintenance !== "none",
    );
    if (maintained.length > 0) this.#maintained.set(tableName, maintained);
    else this.#maintained.delete(tableName);
  }
}

/** Brings an index into the state in which it can be used from an opening on. */
async function settle(tables: Tables, index: LocalIndex): Promise<void> {
  const { table, spec } = index;
  const isCurrent = index.state.version === spec.version;
  if (isCurrent && index.state.phase !== "absent") return;
  // The old definition is gone with the old code, so nobody can keep up what it gave.
  const dropped = { ...droppedState(index.state), version: spec.version };
  const [row] = await tables.scanTable({ table, limit: 1 });
  if (row !== undefined && isCurrent) return;
  const state: IndexState =
    row === undefined ? { ...dropped, generation: dropped.generation + 1, phase: "readable" } : dropped;
  await writeIndexState(tables, { tableName: table.name, indexName: spec.name }, state);
  index.state = state;
}

async function findUndeclared(
  tables: Tables,
  declared: readonly TableSpec[],
): Promise<readonly Undeclared[]> {
  const found: Undeclared[] = [];
  const tableNames = new Set<string>();
  // The states of one table lie in one partition; there are a few dozen tables at most.
  for (let after: readonly string[] | undefined; ;) {
    const [row] = await tables.scanTable({
      table: INDEX_STATE,
      limit: 1,
      ...(after === undefined ? {} : { after: { partition: after } }),
    });
    if (row === undefined) break;
    const tableName = String(row.partition[0]);
    tableNames.add(tableName);
    after = [tableName];
  }
  for (const tableName of tableNames) {
    const table = declared.find(({ name }) => name === tableName);
    for (const [indexName, state] of await readIndexStates(tables, tableName)) {
      const isDeclared =
        table?.indexes?.some(({ name }) => name === indexName) === true ||
        table?.globalIndexes?.some(({ name }) => name === indexName) === true;
      if (isDeclared || (state.phase === "absent" && state.removing.length === 0)) continue;
      found.push({ tableName, indexName, state });
    }
  }
  return found;
}

function checkNames(declared: readonly TableSpec[]): void {
  const names = new Set<string>();
  const take = (name: string): void => {
    assert(!names.has(name), `${name} is declared once`);
    names.add(name);
  };
  for (const { name, indexes, globalIndexes } of declared) {
    take(name);
    for (const index of [...(indexes ?? []), ...(globalIndexes ?? [])]) take(`${name}-by-${index.name}`);
  }
}
