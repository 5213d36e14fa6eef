/** `parley media …`: what becomes of files that people sent. */
import type { MediaReport, MediaStatus } from "@parley/server";
import { type Command, print, withInstallation } from "../command.js";
import { runTableJob } from "../table-job.js";
import { TABLES_OPTIONS } from "./tables-reading-commands.js";
import { noArguments } from "./user-commands.js";

const MIB = 1024 ** 2;

export const mediaStatusCommand: Command = {
  usage: "media status",
  summary: "show how many files there are, and what was removed as nobody needs it",
  options: TABLES_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const status = await withInstallation(args, context, ({ installation }) =>
      installation.operations.mediaStatus({}),
    );
    print(args, context, status, statusLines(status));
    return 0;
  },
};

export const mediaTidyCommand: Command = {
  usage: "media tidy",
  summary: "remove files that nobody needs now, instead of within six hours; while a server runs, slowly",
  options: TABLES_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const report = await withInstallation(
      args,
      context,
      async ({ installation }) =>
        (await runTableJob(installation, { kind: "tidy-media" }, context)) as MediaReport,
    );
    print(args, context, report, reportLines(report));
    return 0;
  },
};

function statusLines({ isRunning, last, error }: MediaStatus): readonly string[] {
  return [
    ...(isRunning ? ["Files are being looked after now."] : []),
    ...(last === null
      ? ["Files were not looked after since the server was started. At once: parley media tidy"]
      : [`Last on ${new Date(last.endedMs).toISOString()}:`, ...reportLines(last)]),
    ...(error === null ? [] : [`It ended early: ${error.message}`]),
  ];
}

function reportLines(report: MediaReport): readonly string[] {
  const { files, bytes, unfinished, unsent, unshown, strayParts, freedBytes, undecided } = report;
  return [
    `${files} files with ${mb(bytes)} MB.`,
    `Removed: ${unfinished} not completed in a day, ${unsent} not sent in a day, ${unshown} that no message shows any more` +
      `${strayParts > 0 ? `, and ${strayParts} parts of none` : ""}; ${mb(freedBytes)} MB were freed.`,
    ...(undecided > 0
      ? [`${undecided} stay because their messages cannot be read: parley tables verify`]
      : []),
  ];
}

function mb(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
