/** `parley history …`: what becomes of old messages. */
import { DAYS_NEVER, type HistoryPolicy, type HistoryReport, type HistoryStatus } from "@parley/server";
import { type Arguments, INSTALLATION_OPTIONS, usage } from "../arguments.js";
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
    "keep-messages-days": {
      type: "string",
      value: "N",
      help: "this once: older ones are removed, or off (default the server's, or off)",
    },
  },
  async run(args, context) {
    noArguments(args);
    const given = {
      coldAfterDays: daysOf(args, "cold-after-days"),
      keepDays: daysOf(args, "keep-messages-days"),
    };
    if (given.keepDays === 0) throw usage("--keep-messages-days must be 1 or more");
    const report = await withInstallation(args, context, async ({ installation }) => {
      const policy = withGiven(await installation.operations.historyStatus({}), given);
      return (await runTableJob(installation, { kind: "tidy-history", policy }, context)) as HistoryReport;
    });
    print(args, context, report, reportLines(report));
    return 0;
  },
};

export const historyKeepCommand: Command = {
  usage: "history keep <conversation>",
  summary: "say how long a conversation is kept, and when it goes cold",
  options: {
    ...INSTALLATION_OPTIONS,
    days: { type: "string", value: "N", help: "remove what is older, or never (default as all others)" },
    "cold-after-days": {
      type: "string",
      value: "N",
      help: "or never: what is cold comes back (default as all others)",
    },
  },
  async run(args, context) {
    const [conversationId, ...others] = args.positionals;
    if (conversationId === undefined || others.length > 0)
      throw usage("Name one conversation, such as g:1f0c");
    const keepDays = ownDaysOf(args, "days");
    const coldAfterDays = ownDaysOf(args, "cold-after-days");
    await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.setKeeping({ tenant, conversationId, keepDays, coldAfterDays }),
    );
    const line = `${conversationId} is ${keptText(keepDays)}, and ${coldText(coldAfterDays)}.`;
    const next = "It is seen to within six hours, or at once by: parley history tidy";
    print(args, context, { conversationId, keepDays, coldAfterDays }, [line, next]);
    return 0;
  },
};

function keptText(days: number): string {
  if (days === 0) return "kept as all others";
  return days === DAYS_NEVER ? "kept for ever" : `kept for ${days} days`;
}

function coldText(days: number): string {
  if (days === 0) return "goes cold as all others";
  return days === DAYS_NEVER ? "never goes cold" : `goes cold after ${days} days`;
}

/** What a conversation says itself: 0 for nothing. Errors: usage. */
function ownDaysOf(args: Arguments, name: string): number {
  const text = args.text(name);
  if (text === undefined) return 0;
  if (text === "never") return DAYS_NEVER;
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1 || days > DAYS_MAX)
    throw usage(`--${name} must be "never" or a whole number from 1 to ${DAYS_MAX}`);
  return days;
}

/** The policy of an installation, and in place of parts of it what was given. */
function withGiven(
  status: HistoryStatus,
  given: { readonly [K in keyof HistoryPolicy]: number | typeof OFF | undefined },
): HistoryPolicy {
  const either = (name: keyof HistoryPolicy): number | undefined => {
    const own = given[name];
    if (own === OFF) return undefined;
    return own ?? status[name] ?? undefined;
  };
  return { coldAfterDays: either("coldAfterDays"), keepDays: either("keepDays") };
}

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
  const { conversations, damagedConversations, movedMessages, thawedMessages, removedMessages, space } =
    report;
  return [
    `${conversations} conversations: ${movedMessages} messages went cold, ${thawedMessages} came back, ${removedMessages} were removed.`,
    ...(space.damagedObjects + damagedConversations > 0
      ? [
          `Damaged: ${damagedConversations} conversations, ${space.damagedObjects} files of the cold tier. ` +
            "parley tables verify names what is damaged.",
        ]
      : []),
    `The cold tier has ${space.objects} files with ${mb(space.bytes)} MB; ${space.freedObjects} with ${mb(space.freedBytes)} MB were freed.`,
  ];
}

function mb(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
