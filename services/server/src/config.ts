/** Settings: from the command line, else from the environment, else the default. Bad ones are refused by name. */
import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { Failure } from "@parley/base";
import type { MasterKeySource } from "@parley/keys";
import { isNetwork } from "@parley/egress";
import { masterKeyCommand, masterKeyFile, masterKeyText } from "./keys/master-key-sources.js";

export interface Config {
  readonly dataDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly isDemo: boolean;
  readonly isJson: boolean;
  readonly reserveMb: number;
  readonly retentionDays: number;
  /** Events that a queue keeps. */
  readonly queueEvents: number;
  readonly coldAfterDays: number | undefined;
  readonly keepMessagesDays: number | undefined;
  /** 0: for ever. */
  readonly editMinutes: number;
  readonly recallMinutes: number;
  readonly sharedFromMembers: number;
  /** The largest file of a message; 0: there are none. */
  readonly mediaMb: number;
  /** What one user may upload without sending it. */
  readonly mediaUploadingMb: number;
  /** Files of modules, and of words; undefined for none. */
  readonly scenariosModule: string | undefined;
  readonly reviewWordsFile: string | undefined;
  readonly reviewerModule: string | undefined;
  readonly reviewFailOpen: "all" | readonly string[];
  readonly pushCredentialsFile: string | undefined;
  /** Whom push services may write to; empty for nobody. */
  readonly pushSubject: string;
  /** Addresses and networks, not public, that push endpoints and hooks may have. */
  readonly pushAllow: readonly string[];
  /** Certificates of push services, instead of those that Node trusts. */
  readonly pushCaFile: string | undefined;
  /** Whether the server reads links of messages. */
  readonly hasLinkPreviews: boolean;
  /** Addresses and networks, not public, that links may lead to. */
  readonly linkPreviewAllow: readonly string[];
  readonly rebaseEvents: number;
  readonly heartbeatSeconds: number;
  /** Devices that may begin in a second. */
  readonly handshakesPerSecond: number;
  readonly holdMs: number;
  /** Where metrics can be had on this machine; undefined for the control socket only. */
  readonly metricsPort: number | undefined;
  readonly isEncrypted: boolean;
  /** Without it, the master key is in the data directory. */
  readonly masterKey?: MasterKeySource;
  /** Where segments are archived; undefined for nowhere. */
  readonly archiveDirectory: string | undefined;
  readonly archiveSeconds: number;
  /** Where standbys come, and the file of their token; undefined for nowhere. */
  readonly standby: { readonly host: string; readonly port: number; readonly tokenFile: string } | undefined;
  readonly standbyKeepMb: number;
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
    option: "queue-events",
    variable: "PARLEY_QUEUE_EVENTS",
    fallback: "20000",
    help: "sync events of one user, or of one large group, that are kept",
  },
  {
    option: "cold-after-days",
    variable: "PARLEY_COLD_AFTER_DAYS",
    fallback: "90",
    help: "older messages are stored in the cold tier; off keeps them all where they are",
  },
  {
    option: "keep-messages-days",
    variable: "PARLEY_KEEP_MESSAGES_DAYS",
    fallback: "off",
    help: "older messages are removed, from devices too; off keeps them for ever",
  },
  {
    option: "edit-minutes",
    variable: "PARLEY_EDIT_MINUTES",
    fallback: "1440",
    help: "how long people may edit what they wrote; 0 for ever",
  },
  {
    option: "recall-minutes",
    variable: "PARLEY_RECALL_MINUTES",
    fallback: "2",
    help: "how long people may recall what they wrote; 0 for ever",
  },
  {
    option: "shared-from-members",
    variable: "PARLEY_SHARED_FROM_MEMBERS",
    fallback: "200",
    help: "groups with more members are large ones, told by one topic; 0 never",
  },
  {
    option: "media-mb",
    variable: "PARLEY_MEDIA_MB",
    fallback: "100",
    help: "the largest file that people may send; 0 for none",
  },
  {
    option: "media-uploading-mb",
    variable: "PARLEY_MEDIA_UPLOADING_MB",
    fallback: "1024",
    help: "what one user may upload without sending it, all files together",
  },
  {
    option: "scenarios",
    variable: "PARLEY_SCENARIOS",
    fallback: "none",
    help: "module with more kinds of groups, beside those that come with Parley",
  },
  {
    option: "review-words",
    variable: "PARLEY_REVIEW_WORDS",
    fallback: "none",
    help: "file with words that are not said; read again when it changes",
  },
  {
    option: "reviewer",
    variable: "PARLEY_REVIEWER",
    fallback: "none",
    help: "module that reviews contents before they are said, or later",
  },
  {
    option: "review-fail-open",
    variable: "PARLEY_REVIEW_FAIL_OPEN",
    fallback: "none",
    help: "tenants whose contents pass when the reviewer does not answer: all, none, or their names with commas",
  },
  {
    option: "push-credentials",
    variable: "PARLEY_PUSH_CREDENTIALS",
    fallback: "none",
    help: "file with the tenants' credentials of push services; read again when it changes",
  },
  {
    option: "push-subject",
    variable: "PARLEY_PUSH_SUBJECT",
    fallback: "none",
    help: "mailto: or https: address that push services of browsers may write to",
  },
  {
    option: "push-allow",
    variable: "PARLEY_PUSH_ALLOW",
    fallback: "none",
    help: "networks beside the internet that push endpoints and hooks may be in, with commas",
  },
  {
    option: "push-ca",
    variable: "PARLEY_PUSH_CA",
    fallback: "none",
    help: "file with the certificates of own push services, in PEM",
  },
  {
    option: "link-previews",
    variable: "PARLEY_LINK_PREVIEWS",
    fallback: "on",
    help: "on: the server reads the pages that messages link to, to show what they are",
  },
  {
    option: "link-preview-allow",
    variable: "PARLEY_LINK_PREVIEW_ALLOW",
    fallback: "none",
    help: "networks beside the internet in which it reads pages, with commas",
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
    option: "handshakes-per-second",
    variable: "PARLEY_HANDSHAKES_PER_SECOND",
    fallback: "400",
    help: "devices that may begin in a second; the others are told when to come again",
  },
  {
    option: "hold-ms",
    variable: "PARLEY_HOLD_MS",
    fallback: "30000",
    help: "how long rows are held in memory to be stored together; a restart applies that much again",
  },
  {
    option: "metrics-port",
    variable: "PARLEY_METRICS_PORT",
    fallback: "off",
    help: "port of 127.0.0.1 with metrics for Prometheus; 0 takes a free one",
  },
  {
    option: "master-key-file",
    variable: "PARLEY_MASTER_KEY_FILE",
    fallback: "none",
    help: "file with the master key, instead of the one in the data directory",
  },
  {
    option: "master-key-command",
    variable: "PARLEY_MASTER_KEY_COMMAND",
    fallback: "none",
    help: "command that prints the master key",
  },
  {
    option: "archive-dir",
    variable: "PARLEY_ARCHIVE_DIR",
    fallback: "off",
    help: "directory that gets a copy of the journal, for point-in-time restores",
  },
  {
    option: "archive-seconds",
    variable: "PARLEY_ARCHIVE_SECONDS",
    fallback: "60",
    help: "what is not in the archive yet is at most this old",
  },
  {
    option: "standby-listen",
    variable: "PARLEY_STANDBY_LISTEN",
    fallback: "off",
    help: "host:port where standbys come",
  },
  {
    option: "standby-token-file",
    variable: "PARLEY_STANDBY_TOKEN_FILE",
    fallback: "off",
    help: "file with the secret that standbys need",
  },
  {
    option: "standby-keep-mb",
    variable: "PARLEY_STANDBY_KEEP_MB",
    fallback: "1024",
    help: "journal kept for a standby that is behind",
  },
] as const satisfies readonly Setting[];

/** A hundred years. */
const MINUTES_MAX = 100 * 365 * 24 * 60;
const FLAGS = { json: { type: "boolean" }, "no-encryption": { type: "boolean" } } as const;

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
      options: { ...options, ...FLAGS },
      strict: true,
    }));
  } catch (cause) {
    const setting = /'(--[^' ]+)/.exec(String(cause))?.[1] ?? "the command line";
    throw bad(setting, "is not known or lacks its value; see --help", cause);
  }
  refuseUnknown(env);
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
    queueEvents: integer(text("queue-events"), 1_000, 100_000_000),
    coldAfterDays: daysOrOff(text("cold-after-days"), 0),
    keepMessagesDays: daysOrOff(text("keep-messages-days"), 1),
    editMinutes: integer(text("edit-minutes"), 0, MINUTES_MAX),
    recallMinutes: integer(text("recall-minutes"), 0, MINUTES_MAX),
    sharedFromMembers: integer(text("shared-from-members"), 0, 1_000_000),
    mediaMb: integer(text("media-mb"), 0, 100_000),
    mediaUploadingMb: integer(text("media-uploading-mb"), 1, 1_000_000),
    scenariosModule: pathOrNone(text("scenarios")),
    reviewWordsFile: pathOrNone(text("review-words")),
    reviewerModule: pathOrNone(text("reviewer")),
    reviewFailOpen: namesOrAll(text("review-fail-open")),
    pushCredentialsFile: pathOrNone(text("push-credentials")),
    pushSubject: subjectOrNone(text("push-subject")),
    pushAllow: networksOf(text("push-allow")),
    pushCaFile: pathOrNone(text("push-ca")),
    hasLinkPreviews: onOff(text("link-previews")),
    linkPreviewAllow: networksOf(text("link-preview-allow")),
    rebaseEvents: integer(text("rebase-events"), 1, 1_000_000),
    heartbeatSeconds: integer(text("heartbeat-seconds"), 1, 300),
    handshakesPerSecond: integer(text("handshakes-per-second"), 1, 100_000),
    holdMs: integer(text("hold-ms"), 10, 600_000),
    metricsPort: text("metrics-port").value === "off" ? undefined : integer(text("metrics-port"), 0, 65_535),
    isEncrypted: values["no-encryption"] !== true,
    ...findMasterKey({
      file: textOf(values["master-key-file"]),
      command: textOf(values["master-key-command"]),
      env,
    }),
    archiveDirectory: pathOrOff(text("archive-dir")),
    archiveSeconds: integer(text("archive-seconds"), 1, 86_400),
    standby: standbyOf(text("standby-listen"), text("standby-token-file")),
    standbyKeepMb: integer(text("standby-keep-mb"), 64, 10_000_000),
  };
}

function refuseUnknown(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(env)) {
    const isKnown = SETTINGS.some(({ variable }) => variable === name);
    if (name.startsWith("PARLEY_") && !isKnown && !KNOWN_ELSEWHERE.test(name))
      throw bad(name, "is not a setting");
  }
}

/** Only as a variable: other users of the machine see arguments. */
const MASTER_KEY_VARIABLE = "PARLEY_MASTER_KEY";
const NONE = "none";
/** A value and the name by which it was given. */
interface Given {
  readonly value: string;
  readonly name: string;
}

/** Variables of the tests and tools, which the server ignores. */
const KNOWN_ELSEWHERE = /^PARLEY_(MASTER_KEY|ROBUSTNESS|SEED|TEST_.*)$/;

/**
 * Where the master key is, by a file or a command that is given, else by the environment; nothing when none is named.
 * Errors: "bad-setting" when more than one is.
 */
export function findMasterKey(given: {
  readonly file: string | undefined;
  readonly command: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}): { readonly masterKey?: MasterKeySource } {
  const { env } = given;
  const file = given.file ?? env["PARLEY_MASTER_KEY_FILE"] ?? NONE;
  const command = given.command ?? env["PARLEY_MASTER_KEY_COMMAND"] ?? NONE;
  const text = env[MASTER_KEY_VARIABLE];
  const sources: MasterKeySource[] = [];
  if (file !== NONE) {
    sources.push(masterKeyFile(resolve(nonEmpty({ value: file, name: "--master-key-file" }))));
  }
  if (command !== NONE) {
    const name = "--master-key-command";
    sources.push(masterKeyCommand(nonEmpty({ value: command, name }), name));
  }
  if (text !== undefined) sources.push(masterKeyText(text, MASTER_KEY_VARIABLE));
  const [masterKey, second] = sources;
  if (second !== undefined) throw bad(second.name, `names a second master key, beside ${masterKey!.name}`);
  return masterKey === undefined ? {} : { masterKey };
}

function nonEmpty({ value, name }: { readonly value: string; readonly name: string }): string {
  if (value.trim() === "") throw bad(name, "must not be empty");
  return value;
}

function pathOrOff(given: Given): string | undefined {
  return given.value === "off" ? undefined : resolve(nonEmpty(given));
}

function pathOrNone(given: Given): string | undefined {
  return given.value === NONE ? undefined : resolve(nonEmpty(given));
}

function namesOrAll(given: Given): "all" | readonly string[] {
  if (given.value === "all") return "all";
  if (given.value === NONE) return [];
  return nonEmpty(given)
    .split(",")
    .map((name) => name.trim());
}

function subjectOrNone({ value, name }: Given): string {
  if (value === NONE) return "";
  if (!/^(mailto:.+@.+|https:\/\/.+)$/.test(value)) throw bad(name, "must be a mailto: or https: address");
  return value;
}

function networksOf(given: Given): readonly string[] {
  const networks =
    given.value === NONE
      ? []
      : nonEmpty(given)
          .split(",")
          .map((each) => each.trim());
  const unknown = networks.find((network) => !isNetwork(network));
  if (unknown !== undefined)
    throw bad(given.name, `has "${unknown}", which is no network such as 10.1.0.0/16`);
  return networks;
}

function daysOrOff(given: Given, min: number): number | undefined {
  return given.value === "off" ? undefined : integer(given, min, 36_500);
}

/** Never open without a secret. */
function standbyOf(listen: Given, tokenFile: Given): Config["standby"] {
  if (listen.value === "off") return undefined;
  const path = pathOrOff(tokenFile);
  if (path === undefined) throw bad(tokenFile.name, "must name a file when standbys are to come");
  return { ...hostAndPort(listen), tokenFile: path };
}

/** "127.0.0.1:8701" or "[::1]:8701". */
function hostAndPort({ value, name }: Given): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(value) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535)
    throw bad(name, "must be a host and a port, such as 127.0.0.1:8701");
  return { host, port: Number(port) };
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

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
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
