/** `parley history …`: what becomes of old messages. */
import type { HistoryPolicy, HistoryReport, HistoryStatus } from "@parley/server";
import { type Arguments, usage } from "../arguments.js";
import { type Command, print, withInstallation } from "../command.js";
import { runTableJob } from "../table-job.js";
import { TABLES_OPTIONS } from "./tables-reading-commands.js";
import { noArguments } from "./user-commands.js";

const MIB = 1024 ** 2;
const DAYS_MAX = 36_500;
const OFF = "off";

export const historyStatusCommand: Command = {
  usage: "history status",
  summary: "show when messages go cold and how long they are kept, and what was done about it",
  options: TABLES_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const status = await withInstallation(args, context, ({ installation }) =>
      installation.operations.historyStatus({}),
    );
    print(args, context, status, statusLines(status));
    return 0;
  },
};

export const historyTidyCommand: Command = {
  usage: "history tidy",
  summary: "look after old messages now, instead of within six hours; while a server runs, slowly",
  options: {
    ...TABLES_OPTIONS,
    "cold-after-days": {
      type: "string",
      value: "N",
      help: "this once: older ones go cold, or off (default the server's, or 90)",
    },
  },
  async run(args, context) {
    noArguments(args);
    const coldAfterDays = daysOf(args, "cold-after-days");
    const policy: HistoryPolicy | undefined =
      coldAfterDays === undefined
        ? undefined
        : { coldAfterDays: coldAfterDays === OFF ? undefined : coldAfterDays, keepDays: undefined };
    const request = { kind: "tidy-history" as const, ...(policy === undefined ? {} : { policy }) };
    const report = await withInstallation(args, context, async ({ installation }) => {
      return (await runTableJob(installation, request, context)) as HistoryReport;
    });
    print(args, context, report, reportLines(report));
    return 0;
  },
};

/** Errors: usage, for what is neither a number of days nor "off". */
function daysOf(args: Arguments, name: string): number | typeof OFF | undefined {
  const text = args.text(name);
  if (text === undefined || text === OFF) return text;
  const days = Number(text);
  if (!/^\d+$/.test(text) || days > DAYS_MAX)
    throw usage(`--${name} must be "off" or a whole number from 0 to ${DAYS_MAX}`);
  return days;
}

function statusLines({ coldAfterDays, keepDays, isRunning, last, error }: HistoryStatus): readonly string[] {
  const days = (count: number): string => (count === 1 ? "1 day" : `${count} days`);
  return [
    coldAfterDays === null ? "Messages do not go cold." : `Messages go cold after ${days(coldAfterDays)}.`,
    keepDays === null ? "They are kept for ever." : `They are kept for ${days(keepDays)}.`,
    ...(isRunning ? ["They are being looked after now."] : []),
    ...(last === null
      ? ["They were not looked after since the server was started."]
      : [`Last on ${new Date(last.endedMs).toISOString()}:`, ...reportLines(last)]),
    ...(error === null ? [] : [`It ended early: ${error.message}`]),
  ];
}

function reportLines(report: HistoryReport): readonly string[] {
  const { conversations, movedMessages, thawedMessages, removedMessages, space } = report;
  return [
    `${conversations} conversations: ${movedMessages} messages went cold, ${thawedMessages} came back, ${removedMessages} were removed.`,
    `The cold tier has ${space.objects} files with ${mb(space.bytes)} MB; ${space.freedObjects} with ${mb(space.freedBytes)} MB were freed.`,
  ];
}

function mb(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
