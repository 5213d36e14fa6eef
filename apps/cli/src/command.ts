/** What every command is made of. */
import type { Ambient } from "@parley/base";
import { type Installation, DEFAULT_TENANT, openInstallation } from "@parley/server";
import { parseTenantId } from "@parley/protocol";
import { type Arguments, type OptionSpecs, dataDirectoryOf, masterKeyOf } from "./arguments.js";
import type { Terminal } from "./terminal/terminal.js";

export interface Context {
  readonly terminal: Terminal;
  readonly ambient: Ambient;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Command {
  /** As one types it, arguments included: "user add <id>". */
  readonly usage: string;
  readonly summary: string;
  readonly options: OptionSpecs;
  /** Resolves with the exit code. Errors: "usage", and those of what it does. */
  run(args: Arguments, context: Context): Promise<number>;
}

export interface Opened {
  readonly tenant: string;
  readonly installation: Installation;
}

/** Runs `work` on the installation that the arguments name, and lets go of it. Errors: those of both. */
export async function withInstallation<T>(
  args: Arguments,
  context: Context,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const tenant = parseTenantId(args.text("tenant") ?? DEFAULT_TENANT);
  // A failing disk ends the process as it ends a server: what is acknowledged is on disk.
  const onFatal = (error: unknown): void => {
    context.terminal.err(`parley: the disk failed: ${(error as Error).message}\n`);
    process.exit(1);
  };
  const dataDirectory = dataDirectoryOf(args, context.env);
  const installation = await openInstallation({
    dataDirectory,
    ambient: context.ambient,
    onFatal,
    ...masterKeyOf(args, context.env),
  });
  try {
    return await work({ tenant, installation });
  } finally {
    await installation.close();
  }
}

/** Prints a result: as JSON when asked for, else as `lines`. */
export function print(
  args: Arguments,
  { terminal }: Context,
  value: unknown,
  lines: readonly string[],
): void {
  if (args.flag("json")) terminal.out(JSON.stringify(value));
  else for (const line of lines) terminal.out(line);
}
