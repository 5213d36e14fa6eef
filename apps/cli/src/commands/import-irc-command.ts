import { parseUserId } from "@parley/protocol";
import { INSTALLATION_OPTIONS, usage } from "../arguments.js";
import { type Command, print, withInstallation } from "../command.js";
import { type ImportResult, importIrc } from "../import-irc/import-irc.js";
import { startProgressBar } from "../terminal/progress-bar.js";

/** Lines named on the screen; the rest is counted. */
const SHOWN_MAX = 20;

/** `parley import-irc`: exit code 1 when a file as a whole could not be brought in. */
export const importIrcCommand: Command = {
  usage: "import-irc <file or folder> ...",
  summary: "bring in IRC channel logs, each file as the history of a group",
  options: {
    ...INSTALLATION_OPTIONS,
    readers: { type: "string", value: "ID,ID", help: "existing users who join every group" },
  },
  async run(args, context) {
    if (args.positionals.length === 0) throw usage("Name the files or the folder to bring in");
    const readers = (args.text("readers") ?? "").split(",").filter((id) => id !== "");
    const bar = startProgressBar(context.terminal, context.ambient.clock, "importing");
    const result = await withInstallation(args, context, async ({ tenant, installation }) => {
      const imported = await importIrc({
        paths: args.positionals,
        tenant,
        operations: installation.operations,
        readers: readers.map(parseUserId),
        onProgress: (share) => bar.update(share),
      });
      bar.end();
      return imported;
    });
    print(args, context, result, linesOf(result));
    return result.failedFiles.length === 0 ? 0 : 1;
  },
};

function linesOf(result: ImportResult): readonly string[] {
  const before = result.messagesBefore === 0 ? "" : ` (${result.messagesBefore} were there before)`;
  const shown = result.malformedLines.slice(0, SHOWN_MAX);
  const hidden = result.malformed - shown.length;
  return [
    `${result.messages} messages from ${result.files} files with ${result.lines} lines${before}`,
    `${result.usersAdded} users added; ${result.events} joins, leaves and other events left out`,
    `${result.malformed} malformed lines left out`,
    ...shown.map(({ file, line, reason }) => `  ${file}:${line}: ${reason}`),
    ...(hidden === 0 ? [] : [`  and ${hidden} more; --json lists them`]),
    ...result.failedFiles.map(({ file, message }) => `failed: ${file}: ${message}`),
  ];
}
