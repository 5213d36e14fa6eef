/**
 * Statistics as Prometheus reads them. Source: the text format, version 0.0.4. Labels are names of tables only: partitions are
 * without bound.
 */
import type { TableCounts } from "./counts.js";
import type { TableFigures } from "./table-meter.js";
import type { TableStatistics } from "./table-statistics.js";

export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A value without labels, as others add theirs. */
export interface PlainMetric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly value: number;
}

const COUNTED: readonly {
  readonly count: keyof TableCounts;
  readonly name: string;
  readonly help: string;
}[] = [
  { count: "readRequests", name: "read_requests_total", help: "Reads" },
  { count: "rowsRead", name: "rows_read_total", help: "Rows read" },
  { count: "cellsRead", name: "cells_read_total", help: "Cells read" },
  { count: "bytesRead", name: "read_bytes_total", help: "Bytes of values read" },
  { count: "writeRequests", name: "write_requests_total", help: "Batches written" },
  { count: "rowsWritten", name: "rows_written_total", help: "Rows written" },
  { count: "cellsWritten", name: "cells_written_total", help: "Cells written" },
  { count: "bytesWritten", name: "written_bytes_total", help: "Bytes of values written" },
  { count: "rowsDeleted", name: "rows_deleted_total", help: "Rows deleted" },
];

/** The whole page. Rates and windows are left to whoever reads it. */
export function prometheusText(statistics: TableStatistics, others: readonly PlainMetric[] = []): string {
  const { tables, engine, blocks, stagedBytes } = statistics;
  const plain: readonly PlainMetric[] = [
    counter("parley_blocks_new_rows_total", "New rows of packed tables.", blocks.newRows),
    counter("parley_blocks_packed_rows_total", "New rows that left in blocks.", blocks.packedRows),
    counter("parley_blocks_repacked_rows_total", "Rows packed together later.", blocks.repackedRows),
    counter("parley_blocks_written_total", "Blocks made.", blocks.blocks),
    counter("parley_blocks_plain_bytes_total", "Bytes of rows before packing.", blocks.plainBytes),
    counter("parley_blocks_packed_bytes_total", "Bytes of the blocks made of them.", blocks.blockBytes),
    counter("parley_blocks_cache_hits_total", "Blocks read that were unpacked already.", blocks.cacheHits),
    counter("parley_blocks_cache_misses_total", "Blocks read and unpacked.", blocks.cacheMisses),
    {
      name: "parley_tables_staged_bytes",
      type: "gauge",
      help: "Bytes of rows in memory that are not yet in the engine.",
      value: stagedBytes,
    },
    ...others,
  ];
  return [
    ...COUNTED.map(({ count, name, help }) =>
      perTable(`parley_table_${name}`, `${help}, as asked for.`, count, tables),
    ),
    ...COUNTED.map(({ count, name, help }) =>
      perTable(`parley_engine_table_${name}`, `${help}, as they reach the engine.`, count, engine),
    ),
    ...plain.map(({ name, type, help, value }) => `${head(name, type, help)}${name} ${value}\n`),
  ].join("");
}

function perTable(
  name: string,
  help: string,
  count: keyof TableCounts,
  figures: readonly TableFigures[],
): string {
  // Names of tables are words with hyphens: nothing in them has to be escaped.
  const lines = figures.map(({ table, total }) => `${name}{table="${table}"} ${total[count]}\n`);
  return `${head(name, "counter", help)}${lines.join("")}`;
}

function head(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function counter(name: string, help: string, value: number): PlainMetric {
  return { name, type: "counter", help, value };
}
