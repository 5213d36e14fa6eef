/** Settings: from the command line, else from the environment, else the default. Bad ones are refused by name. */
import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { Failure } from "@parley/base";

export interface Config {
  readonly dataDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly isDemo: boolean;
  readonly isJson: boolean;
  readonly reserveMb: number;
  readonly retentionDays: number;
  readonly rebaseEvents: number;
  readonly heartbeatSeconds: number;
  readonly holdMs: number;
}

interface Setting {
  readonly option: string;
  readonly variable: string;
  readonly fallback: string;
  readonly help: string;
}

export const SETTINGS = [
  { option: "data", variable: "PARLEY_DATA", fallback: "data", help: "directory that holds everything" },
  { option: "host", variable: "PARLEY_HOST", fallback: "127.0.0.1", help: "address to listen on" },
  {
    option: "port",
    variable: "PARLEY_PORT",
    fallback: "8700",
    help: "port to listen on; 0 takes a free one",
  },
  {
    option: "demo",
    variable: "PARLEY_DEMO",
    fallback: "on",
    help: "on: an empty installation gets a demo organisation",
  },
  {
    option: "reserve-mb",
    variable: "PARLEY_RESERVE_MB",
    fallback: "64",
    help: "free disk below which writing is refused",
  },
  {
    option: "retention-days",
    variable: "PARLEY_RETENTION_DAYS",
    fallback: "30",
    help: "days that sync events are kept",
  },
  {
    option: "rebase-events",
    variable: "PARLEY_REBASE_EVENTS",
    fallback: "2000",
    help: "devices further behind start from the list",
  },
  {
    option: "heartbeat-seconds",
    variable: "PARLEY_HEARTBEAT_SECONDS",
    fallback: "25",
    help: "silence after which a device asks whether the connection lives",
  },
  {
    option: "hold-ms",
    variable: "PARLEY_HOLD_MS",
    fallback: "30000",
    help: "how long rows are held in memory to be stored together; a restart applies that much again",
  },
] as const satisfies readonly Setting[];

type Option = (typeof SETTINGS)[number]["option"];

/** Errors: "bad-setting", with the setting's name in the message and in `details.setting`. */
export function parseConfig(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Config {
  const options = Object.fromEntries(SETTINGS.map(({ option }) => [option, { type: "string" as const }]));
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: { ...options, json: { type: "boolean" } },
      strict: true,
    }));
  } catch (cause) {
    const setting = /'(--[^' ]+)/.exec(String(cause))?.[1] ?? "the command line";
    throw bad(setting, "is not known or lacks its value; see --help", cause);
  }
  for (const name of Object.keys(env)) {
    const isKnown = SETTINGS.some(({ variable }) => variable === name);
    if (name.startsWith("PARLEY_") && !isKnown && !KNOWN_ELSEWHERE.test(name))
      throw bad(name, "is not a setting");
  }
  const text = (option: Option): { readonly value: string; readonly name: string } => {
    const setting = SETTINGS.find((each) => each.option === option)!;
    const given = values[option];
    if (typeof given === "string") return { value: given, name: `--${option}` };
    const inherited = env[setting.variable];
    return inherited === undefined
      ? { value: setting.fallback, name: `--${option}` }
      : { value: inherited, name: setting.variable };
  };
  return {
    dataDirectory: resolve(nonEmpty(text("data"))),
    host: nonEmpty(text("host")),
    port: integer(text("port"), 0, 65_535),
    isDemo: onOff(text("demo")),
    isJson: values["json"] === true,
    reserveMb: integer(text("reserve-mb"), 0, 1_000_000),
    retentionDays: integer(text("retention-days"), 1, 36_500),
    rebaseEvents: integer(text("rebase-events"), 1, 1_000_000),
    heartbeatSeconds: integer(text("heartbeat-seconds"), 1, 300),
    holdMs: integer(text("hold-ms"), 10, 600_000),
  };
}

/** Variables of the tests and tools, which the server ignores. */
const KNOWN_ELSEWHERE = /^PARLEY_(ROBUSTNESS|SEED|TEST_.*)$/;

function nonEmpty({ value, name }: { readonly value: string; readonly name: string }): string {
  if (value.trim() === "") throw bad(name, "must not be empty");
  return value;
}

function integer(
  { value, name }: { readonly value: string; readonly name: string },
  min: number,
  max: number,
): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < min || number > max)
    throw bad(name, `must be a whole number from ${min} to ${max}`);
  return number;
}

function onOff({ value, name }: { readonly value: string; readonly name: string }): boolean {
  if (value !== "on" && value !== "off") throw bad(name, 'must be "on" or "off"');
  return value === "on";
}

function bad(setting: string, what: string, cause?: unknown): Failure {
  return new Failure("bad-setting", `${setting} ${what}.`, {
    retry: "after-change",
    details: { setting },
    cause,
  });
}
