import { SETTINGS, runServer } from "@parley/server";
import type { Command } from "../command.js";

/** `parley serve`: the server reads its own arguments, so that it refuses a bad setting by name. */
export const serveCommand: Command = {
  usage: "serve",
  summary: "run the server until it is stopped with Ctrl-C or SIGTERM",
  options: {
    ...Object.fromEntries(
      SETTINGS.map(({ option, variable, fallback, help }) => [
        option,
        { type: "string", value: "VALUE", help: `${help} (${variable}, default ${fallback})` } as const,
      ]),
    ),
    "no-encryption": { type: "boolean", help: "create a data directory that is not encrypted" },
    json: { type: "boolean", help: "print the address as JSON" },
  },
  async run(args) {
    await runServer(args.positionals);
    // The server ends the process when it is told to stop.
    return new Promise<number>(() => undefined);
  },
};
