import type { TableSpec } from "./tables.js";

/**
 * A table that holds something made of another one's rows, in the same partitions. All that is declared about these rows holds
 * for it too, but for how they are stored and found, and whether they have values.
 */
export function companionTable(table: TableSpec, suffix: string): TableSpec {
  const {
    indexes: _indexes,
    globalIndexes: _globalIndexes,
    isPacked: _isPacked,
    isKeysOnly: _isKeysOnly,
    timeOf: _timeOf,
    ...declared
  } = table;
  return { ...declared, name: `${table.name}-${suffix}` };
}
