/** `parley tables …`: a look at what the tables of a running server are asked for. */
import { Failure } from "@parley/base";
import type { Operations, TableFigures } from "@parley/server";
import { INSTALLATION_OPTIONS, usage } from "../arguments.js";
import { type Command, print, withInstallation } from "../command.js";
import { noArguments } from "./user-commands.js";

const TOP_DEFAULT = "10";
const TOP_MAX = 1_000;
const MINUTE_SECONDS = 60;
const MEGABYTE = 1024 * 1024;

export const tablesStatsCommand: Command = {
  usage: "tables stats",
  summary: "show what a running server reads and writes, by table, and its hottest partitions",
  options: {
    ...INSTALLATION_OPTIONS,
    top: {
      type: "string",
      value: "N",
      help: `how many partitions, 0 to ${TOP_MAX} (default ${TOP_DEFAULT})`,
    },
  },
  async run(args, context) {
    noArguments(args);
    const hotMax = parseTop(args.text("top") ?? TOP_DEFAULT);
    const statistics = await withInstallation(args, context, ({ installation }) => {
      if (installation.isServed) return installation.operations.tableStatistics({ hotMax });
      throw new Failure("not-served", "No server runs on this installation: it counts while it runs.", {
        retry: "after-change",
      });
    });
    print(args, context, statistics, linesOf(statistics));
    return 0;
  },
};

function parseTop(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= TOP_MAX) return number;
  throw usage(`--top must be a whole number from 0 to ${TOP_MAX}`);
}

type Statistics = Awaited<ReturnType<Operations["tableStatistics"]>>;

function linesOf({ tables, engine, hot, stagedBytes, ratios, files }: Statistics): readonly string[] {
  const { writeAmplification, blockRatio, packedShare, blockCacheHitShare } = ratios;
  return [
    ...tableLines("asked for", tables),
    "",
    ...tableLines("of the engine", engine),
    "",
    ...columns(
      [`requests in ${Math.round(hot.seconds)} s`, "rows", "bytes", "partition"],
      hot.partitions.map(({ partition, requests, rows, bytes }) => [
        String(requests),
        String(rows),
        String(bytes),
        partition.join(" "),
      ]),
    ),
    "",
    `bytes given to the engine by bytes written   ${writeAmplification}`,
    `bytes of blocks by bytes of their rows       ${blockRatio}`,
    `new rows that left in blocks                 ${percent(packedShare)}`,
    `blocks read that were unpacked already       ${percent(blockCacheHitShare)}`,
    `held in memory                               ${stagedBytes} bytes`,
    `table files                                  ${files.files}, of ${megabytes(files.fileBytes)}`,
    `written to them since the start              ${megabytes(files.writtenBytes)}`,
  ];
}

function tableLines(title: string, figures: readonly TableFigures[]): readonly string[] {
  const names = ["reads/s", "rows", "bytes", "writes/s", "rows", "bytes", "deletions", "rows since start"];
  const rows = figures.map(({ table, total, lastMinute: each }) => [
    table,
    ...[
      each.readRequests,
      each.rowsRead,
      each.bytesRead,
      each.writeRequests,
      each.rowsWritten,
      each.bytesWritten,
      each.rowsDeleted,
    ].map(perSecond),
    `${total.rowsRead} read, ${total.rowsWritten} written`,
  ]);
  return columns([title, ...names], rows);
}

/** Lines of cells, each column as wide as its widest. */
function columns(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((name, index) =>
    Math.max(name.length, ...rows.map((cells) => cells[index]!.length)),
  );
  return [head, ...rows].map((cells) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join("  ")
      .trimEnd(),
  );
}

function perSecond(inLastMinute: number): string {
  const rate = inLastMinute / MINUTE_SECONDS;
  return rate === 0 ? "0" : rate < 10 ? rate.toFixed(2) : String(Math.round(rate));
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / MEGABYTE)} MB`;
}
