/** `parley tables verify`: everything stored, against its checksums, its keys, and what else is stored. */
import { failureCode } from "@parley/base";
import { type Finding, type VerifyReport, verifyStopped } from "@parley/server";
import { type Arguments, dataDirectoryOf, masterKeyOf } from "../arguments.js";
import { type Command, type Context, print, withInstallation } from "../command.js";
import { runTableJob } from "../table-job.js";
import { startStepLine } from "../terminal/step-line.js";
import { TABLES_OPTIONS } from "./tables-reading-commands.js";
import { noArguments } from "./user-commands.js";

const MIB = 1024 ** 2;

export const tablesVerifyCommand: Command = {
  usage: "tables verify",
  summary:
    "check everything stored; while a server runs, all but the files; exit code 1 when something is wrong",
  options: TABLES_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const stopped = await verifyAlone(args, context);
    const report = stopped ?? (await verifyServed(args, context));
    const isRight = Object.keys(report.wrong).length === 0;
    const isServed = stopped === undefined;
    print(args, context, { isRight, isServed, ...report }, linesOf(report, isRight, isServed));
    return isRight ? 0 : 1;
  },
};

/** Undefined when a server runs on the installation. */
async function verifyAlone(args: Arguments, context: Context): Promise<VerifyReport | undefined> {
  const line = startStepLine(context.terminal, context.ambient.clock);
  try {
    return await verifyStopped({
      dataDirectory: dataDirectoryOf(args, context.env),
      ambient: context.ambient,
      ...masterKeyOf(args, context.env),
      onProgress: (step, done) => line.update(step, done),
    });
  } catch (error) {
    if (failureCode(error) === "data-directory-locked") return undefined;
    throw error;
  } finally {
    line.end();
  }
}

function verifyServed(args: Arguments, context: Context): Promise<VerifyReport> {
  return withInstallation(args, context, async ({ installation }) => {
    return (await runTableJob(installation, { kind: "verify" }, context)) as VerifyReport;
  });
}

function linesOf(report: VerifyReport, isRight: boolean, isServed: boolean): readonly string[] {
  const { files, fileBytes, rows, blocks, packedRows, expiredRows, shreddedRows, unknownRows } = report;
  const cold = report.coldBlocks === 0 ? "" : `, ${report.coldBlocks} in the cold tier`;
  const { counters, indexes, wrong, findings } = report;
  const count = Object.values(wrong).reduce((sum, each) => sum + each, 0);
  return [
    isServed
      ? "files: not read while a server runs; stop it to have them checked"
      : `files: ${files} with ${(fileBytes / MIB).toFixed(1)} MB`,
    `rows: ${rows}, ${blocks} of them blocks with ${packedRows} rows${cold}`,
    ...(expiredRows > 0 ? [`expired, not looked into: ${expiredRows}`] : []),
    ...(shreddedRows > 0 ? [`unreadable, because their keys were destroyed: ${shreddedRows}`] : []),
    ...(unknownRows > 0 ? [`of tables that this version does not know: ${unknownRows}`] : []),
    ...indexes.map(({ table, index, phase, entries }) =>
      phase === "readable"
        ? `index ${index} of ${table}: ${entries} entries`
        : `index ${index} of ${table}: ${phase}, not compared`,
    ),
    `counters: ${counters}`,
    ...findings.map(lineOf),
    ...(count > findings.length ? [`and ${count - findings.length} more`] : []),
    isRight
      ? "Everything is as it was written."
      : `${count} wrong: restore the data directory from a backup.`,
  ];
}

function lineOf({ kind, message, table, partition, sort, file, offset }: Finding): string {
  const place = [
    ...(table === undefined ? [] : [table]),
    ...(partition === undefined ? [] : [`${JSON.stringify(partition)} ${JSON.stringify(sort)}`]),
    ...(file === undefined ? [] : [`${file} at byte ${offset}`]),
  ].join(" ");
  return `WRONG ${kind}  ${place}${place === "" ? "" : ": "}${message}`;
}
