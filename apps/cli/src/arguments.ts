/** Reading a command's arguments. Everything wrong is a "usage" failure that says what is expected. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Failure } from "@parley/base";
import { type MasterKeySource, findMasterKey } from "@parley/server";

export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly help: string;
  /** What stands for the value in the help. */
  readonly value?: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** Where the master key is. */
export const MASTER_KEY_OPTIONS = {
  "master-key-file": {
    type: "string",
    value: "FILE",
    help: "the master key, if not in the data directory (PARLEY_MASTER_KEY_FILE)",
  },
  "master-key-command": {
    type: "string",
    value: "COMMAND",
    help: "prints the master key (PARLEY_MASTER_KEY_COMMAND)",
  },
} as const satisfies OptionSpecs;

/** Options of every command that works on an installation. */
export const INSTALLATION_OPTIONS = {
  data: { type: "string", value: "DIR", help: "the data directory (PARLEY_DATA, default data)" },
  tenant: { type: "string", value: "ID", help: "the organisation (default main)" },
  ...MASTER_KEY_OPTIONS,
  json: { type: "boolean", help: "print the result as one line of JSON" },
} as const satisfies OptionSpecs;

export interface Arguments {
  readonly positionals: readonly string[];
  /** The value of an option; undefined when it is not given. */
  text(name: string): string | undefined;
  flag(name: string): boolean;
}

/** Errors: "usage". */
export function parseArguments(args: readonly string[], specs: OptionSpecs): Arguments {
  const options = Object.fromEntries(Object.entries(specs).map(([name, { type }]) => [name, { type }]));
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals: true,
    });
    return {
      positionals,
      text: (name) => {
        const value = values[name];
        return typeof value === "string" ? value : undefined;
      },
      flag: (name) => values[name] === true,
    };
  } catch (cause) {
    throw usage((cause as Error).message.split(". ")[0]!, cause);
  }
}

export function usage(message: string, cause?: unknown): Failure {
  return new Failure("usage", message.endsWith(".") ? message : `${message}.`, { cause });
}

/** The data directory that is meant: `--data`, else PARLEY_DATA, else ./data. */
export function dataDirectoryOf(args: Arguments, env: Readonly<Record<string, string | undefined>>): string {
  const path = args.text("data") ?? env["PARLEY_DATA"] ?? "data";
  if (path.trim() === "") throw usage("--data must name a directory");
  return resolve(path);
}

/** Where the master key is, said as to the server. Errors: "bad-setting". */
export function masterKeyOf(
  args: Arguments,
  env: Readonly<Record<string, string | undefined>>,
): { readonly masterKey?: MasterKeySource } {
  return findMasterKey({
    file: args.text("master-key-file"),
    command: args.text("master-key-command"),
    env,
  });
}

const DURATION = /^(\d{1,6})([smhd])$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "90s", "15m", "12h" or "30d" in milliseconds. Errors: "usage". */
export function parseDuration(name: string, text: string): number {
  const [, number, unit] = DURATION.exec(text) ?? [];
  if (number === undefined || Number(number) === 0)
    throw usage(`${name} must be a time such as 15m, 12h or 30d`);
  return Number(number) * UNIT_MS[unit!]!;
}

/** A whole number from 0 to `max`. Errors: "usage". */
export function parseCount(name: string, text: string, max: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > max) throw usage(`${name} must be a whole number from 0 to ${max}`);
  return number;
}

/** A moment such as "2026-11-21T10:30:00Z", with its zone, in milliseconds. Errors: "usage". */
export function parseTime(name: string, text: string): number {
  const timeMs = Date.parse(text);
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) && Number.isSafeInteger(timeMs)) return timeMs;
  throw usage(`${name} must be a time with its zone, such as 2026-11-21T10:30:00Z`);
}
