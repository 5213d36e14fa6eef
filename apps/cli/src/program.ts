/** The parley command: finds the command that is meant, runs it, and turns failures into a line and an exit code. */
import { failureCode, messageOf } from "@parley/base";
import { type Arguments, parseArguments } from "./arguments.js";
import type { Command, Context } from "./command.js";
import { backupCommand, backupVerifyCommand, restoreCommand } from "./commands/backup-commands.js";
import {
  campaignCancelCommand,
  campaignListCommand,
  campaignSendCommand,
} from "./commands/campaign-commands.js";
import { doctorCommand } from "./commands/doctor-command.js";
import { historyKeepCommand, historyStatusCommand, historyTidyCommand } from "./commands/history-commands.js";
import { mediaStatusCommand, mediaTidyCommand } from "./commands/media-commands.js";
import { notifyDeadCommand } from "./commands/notify-commands.js";
import { importIrcCommand } from "./commands/import-irc-command.js";
import { keysRotateCommand, keysShredCommand, keysStatusCommand } from "./commands/keys-commands.js";
import {
  tablesGetCommand,
  tablesListCommand,
  tablesScanCommand,
} from "./commands/tables-reading-commands.js";
import { tablesCompactCommand } from "./commands/tables-compact-command.js";
import {
  tablesIndexBuildCommand,
  tablesIndexDropCommand,
  tablesIndexStatusCommand,
  tablesIndexVerifyCommand,
} from "./commands/tables-index-commands.js";
import { tablesVerifyCommand } from "./commands/tables-verify-command.js";
import { serveCommand } from "./commands/serve-command.js";
import { standbyCommand, standbyListCommand, standbyPromoteCommand } from "./commands/standby-commands.js";
import {
  moduleAddCommand,
  moduleLimitCommand,
  moduleListCommand,
  moduleRemoveCommand,
} from "./commands/module-commands.js";
import { tokenIssueCommand, tokenListCommand, tokenRevokeCommand } from "./commands/token-commands.js";
import { tablesStatsCommand } from "./commands/tables-commands.js";
import {
  userAddCommand,
  userDisableCommand,
  userSetCommand,
  userEnableCommand,
  userListCommand,
  userPasswordCommand,
} from "./commands/user-commands.js";

const COMMANDS: readonly Command[] = [
  serveCommand,
  importIrcCommand,
  userAddCommand,
  userListCommand,
  userPasswordCommand,
  userSetCommand,
  userDisableCommand,
  userEnableCommand,
  tokenIssueCommand,
  tokenListCommand,
  tokenRevokeCommand,
  campaignSendCommand,
  campaignListCommand,
  campaignCancelCommand,
  moduleAddCommand,
  moduleListCommand,
  moduleLimitCommand,
  moduleRemoveCommand,
  // Found by their first words: the longer name comes first.
  backupVerifyCommand,
  backupCommand,
  restoreCommand,
  keysStatusCommand,
  keysRotateCommand,
  keysShredCommand,
  standbyPromoteCommand,
  standbyListCommand,
  standbyCommand,
  historyStatusCommand,
  historyTidyCommand,
  historyKeepCommand,
  mediaStatusCommand,
  mediaTidyCommand,
  notifyDeadCommand,
  tablesStatsCommand,
  tablesListCommand,
  tablesScanCommand,
  tablesGetCommand,
  tablesVerifyCommand,
  tablesCompactCommand,
  tablesIndexStatusCommand,
  tablesIndexBuildCommand,
  tablesIndexDropCommand,
  tablesIndexVerifyCommand,
  doctorCommand,
];

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** Runs one command line. Resolves with the exit code: 0 done, 1 failed, 2 not understood. */
export async function runProgram(words: readonly string[], context: Context): Promise<number> {
  const [command, args] = findCommand(words);
  if (command === undefined) return explain(words, context);
  if (args.includes("--help")) {
    context.terminal.out(helpOf(command));
    return 0;
  }
  try {
    return await command.run(readArguments(command, args), context);
  } catch (error) {
    return report(error, command, args, context);
  }
}

/** The names of a command and how it is used, for the documentation and its test. */
export function describeCommands(): readonly Command[] {
  return COMMANDS;
}

function findCommand(words: readonly string[]): readonly [Command | undefined, readonly string[]] {
  for (const command of COMMANDS) {
    const name = nameOf(command);
    if (name.every((word, index) => words[index] === word)) return [command, words.slice(name.length)];
  }
  return [undefined, words];
}

/** The words of a command before its arguments. */
function nameOf({ usage }: Command): readonly string[] {
  return usage.split(/ [<[]/)[0]!.split(" ");
}

function readArguments(command: Command, args: readonly string[]): Arguments {
  if (command !== serveCommand) return parseArguments(args, command.options);
  return { positionals: args, text: () => undefined, flag: () => false };
}

function explain(words: readonly string[], { terminal }: Context): number {
  const isAsked = words.length === 0 || ["help", "--help", "-h"].includes(words[0]!);
  const width = Math.max(...COMMANDS.map(({ usage }) => usage.length));
  const lines = COMMANDS.map(({ usage, summary }) => `  parley ${usage.padEnd(width)}  ${summary}`);
  const list = `${lines.join("\n")}\n\nparley <command> --help shows a command's options.`;
  if (isAsked) {
    terminal.out(list);
    return words.length === 0 ? EXIT_USAGE : 0;
  }
  terminal.err(`parley: there is no command ${words.slice(0, 2).join(" ")}.\n\n${list}\n`);
  return EXIT_USAGE;
}

function helpOf({ usage, summary, options }: Command): string {
  const heads = Object.entries(options).map(
    ([name, { value }]) => `--${name}${value === undefined ? "" : ` ${value}`}`,
  );
  const width = Math.max(...heads.map((head) => head.length));
  const lines = Object.values(options).map(({ help }, index) => `  ${heads[index]!.padEnd(width)}  ${help}`);
  return `parley ${usage}\n\n  ${summary}\n\n${lines.join("\n")}`;
}

function report(error: unknown, command: Command, args: readonly string[], { terminal }: Context): number {
  const code = failureCode(error);
  const isUsage = code === "usage";
  if (args.includes("--json")) {
    terminal.out(JSON.stringify({ error: { code: code ?? "unexpected", message: messageOf(error) } }));
  }
  terminal.err(`parley: ${messageOf(error)}\n`);
  if (isUsage) terminal.err(`Usage: parley ${command.usage}; --help shows the options.\n`);
  // Not one of ours: a bug, whose place matters.
  else if (code === undefined && error instanceof Error) terminal.err(`${error.stack ?? ""}\n`);
  return isUsage ? EXIT_USAGE : EXIT_FAILURE;
}
