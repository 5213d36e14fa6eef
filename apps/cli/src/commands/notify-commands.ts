/** `parley notify …`: what became of notifications. */
import type { NotifyReport } from "@parley/server";
import { type Command, print, withInstallation } from "../command.js";
import { TABLES_OPTIONS } from "./tables-reading-commands.js";
import { noArguments } from "./user-commands.js";

const LETTERS = 100;

export const notifyDeadCommand: Command = {
  usage: "notify dead",
  summary:
    "show the newest notifications that were given up, with the reasons, and how many there were of all",
  options: TABLES_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const report = await withInstallation(args, context, ({ installation }) =>
      installation.operations.deadLetters({ limit: LETTERS }),
    );
    print(args, context, report, linesOf(report));
    return 0;
  },
};

function linesOf({ counts, letters }: NotifyReport): readonly string[] {
  return [
    ...(counts === null ? [] : [countsLine(counts)]),
    ...letters.map(({ timeMs, tenantId, userId, deviceId, channel, appId, reason, attempts }) => {
      const app = appId === "" ? channel : `${channel} ${appId}`;
      return `${new Date(timeMs).toISOString()} ${tenantId}/${userId} ${deviceId} by ${app}: ${reason} after ${attempts} tries`;
    }),
    ...(letters.length === 0 ? ["None was given up."] : []),
  ];
}

function countsLine(counts: NonNullable<NotifyReport["counts"]>): string {
  const { delivered, withdrawn, confirmed, dead, waiting } = counts;
  return (
    `Since the start: ${delivered} delivered, ${withdrawn} taken away, ${confirmed} not needed as a device had them, ` +
    `${dead} given up; ${waiting} wait.`
  );
}
