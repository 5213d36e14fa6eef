/** The load tool: `npm run bench -- <scenario> <options>`. The report goes to stderr, and with --json to stdout too. */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { messageOf } from "@parley/base";
import { CHAT_LOGS } from "./chat-logs.js";
import { type TransportName, TRANSPORTS } from "./load/raw-transport.js";
import { integer, UsageError, whole } from "./options/numbers.js";
import { runPeers } from "./options/peers.js";
import { PROFILED_SCENARIOS, profileScenario } from "./profile/profile-scenario.js";
import { measureAblation } from "./scenarios/ablation.js";
import { type Report, measureDirect } from "./scenarios/direct-report.js";
import { measureCampaign } from "./scenarios/campaign.js";
import { measureGroup } from "./scenarios/group.js";
import { measureIdle } from "./scenarios/idle.js";
import { measureImport } from "./scenarios/import.js";
import { measureReaders } from "./scenarios/readers.js";
import { measureIndexBuild } from "./scenarios/index-build.js";
import { measureReconnect } from "./scenarios/reconnect.js";
import { measureWeak } from "./scenarios/weak.js";
import { measureSearch } from "./scenarios/search.js";
import { measureTables } from "./scenarios/tables.js";
import type { ServerWatch } from "./server-watch.js";
import { TOOLS, TOOLS_USAGE } from "./tools.js";

const USAGE = `Measures a Parley server that it starts for itself, and checks every message.

  npm run -s bench -- direct [options]   pairs of users in direct chats
    --pairs N        pairs (100)
    --seconds N      measured time (10)
    --warm-up N      seconds before it that are checked and not measured (3)
    --rate N         messages a second over all pairs, due at fixed times: latency counts from when a message was due
                     (without it each pair keeps its window full: throughput)
    --window N       sends of a pair without an answer at a time, 1 to 16 (8)
    --text-bytes N   (200)
    --directory DIR  where the data directory is made (the temporary directory)
    --transport T    websocket, or stream: packets over HTTP, as where WebSockets are blocked (websocket)
    --no-encryption  on a data directory that is not encrypted
    --pin            keep the server on one processor and the load on another (Linux)

  npm run -s bench -- group [options]    one large group, with some of its members connected
    --members N      (10000)
    --online N       (500): up to 20 of them write
    --rate N         messages a second in all, due at fixed times (20)
    --seconds N, --warm-up N, --text-bytes N   as above

  npm run -s bench -- campaign [options] a system account writes to everybody while people chat, and while nobody does
    --users N        (100000)
    --pairs N        (100) who chat
    --rate N         messages a second between them (500)
    --seconds N, --warm-up N, --text-bytes N   as above

  npm run -s bench -- readers [options]  who has read a message of a large group
    --members N        (10000)
    --seed N           (1)

  npm run -s bench -- ablation [options] what each idea saves: the same work with it and without it, one object for each
    --members N      of the large group (10000)
    --messages N     in it (1000)
    --events N       old ones of a user whose new device comes (100000)
    --seed N         (1)

  npm run -s bench -- reconnect [options] all devices are cut at once and come back, while some stay and chat
    --clients N      that are cut (2000)
    --pairs N        that stay (50)
    --rate N         messages a second between those (200)

  npm run -s bench -- weak [options]     the SDK on a bad mobile network, in a busy group
    --rate N         messages a second in the group (50)
    --round-trip-ms N, --kb-per-second N, --lost-percent N   of the network (300, 30, 2)
    --seconds N, --warm-up N, --text-bytes N, --seed N       as above

  npm run -s bench -- idle [options]     connected devices that say nothing
    --connections N  (5000)

  npm run -s bench -- peers [options]    Parley beside other systems that are installed here, and beside the limit of this runtime
    --systems LIST   parley, limit, limit-no-sync, prosody, ejabberd, mosquitto, nats, redis (all)
    --scenarios LIST direct, rate, group, group-rate, idle, reconnect (all)
    --rounds N       (3)
    --rate N         messages a second of "rate" (1000)
    --online N       members of the group, all connected (500)
    --connections N  of "idle" (2000)
    --clients N      of "reconnect" (1000)
    --markdown FILE  where the tables are written, too
    --out DIR        writes the result there, as peers.json, which the report reads
    --pairs N, --window N, --seconds N, --warm-up N, --directory DIR, --pin   as above

  npm run -s bench -- tables [options]   messages of a company's conversations, stored as rows and in blocks; and what reads pay
                                         for features that their table does not use
    --rows N           (1000000)
    --conversations N  (20000): 6% of them hold half of the rows
    --row-bytes N      (200)
    --scans N          reads of the newest 50, each of cold and hot conversations (4000)
    --seed N           (1)

  npm run -s bench -- index-build [options]  an index built while writers run at half of capacity, with and without a kill -9
    --rows N           (1000000)
    --seconds N        for which the writers are measured before and after (10)
    --time-percent N   of the time, what the build may take (as the server does it: 20)
    --seed N           (1)

  npm run -s bench -- search [options]   words looked for in one long conversation, with and without filters
    --messages N       (200000)
    --words N          of each kind: rare, frequent, missing (50)

  npm run -s bench -- import [options]   chat logs brought in by the command line: real ones in ../shared/data, otherwise made ones
    --lines N          of made ones (200000)

  npm run -s bench -- web-flood [options] the web chat in Chromium (PARLEY_CHROMIUM, else /usr/bin/chromium) while somebody types and
                                         scrolls, first alone and then with messages that come into the open large group
    --members N        of the group (10000)
    --rate N           messages a second (200)
    --seconds N        of each part (20)
    --conversations N  in the list besides (40)
    --profile FILE     where a processor profile of the page is written, for Chromium's own tools

  npm run -s bench -- web-start [options] the web chat in a browser that has nothing: bytes of script, and when the list can be used
    --conversations N  in the list (500)

  npm run -s bench -- profile <scenario> [options]  one of ${PROFILED_SCENARIOS.join(", ")}, with its own options: where the processor
                                         time of the server's main thread goes, for each message
    --top N            functions that are listed (40)
    --tree             also by function with all that it calls, and the calls
    --save FILE        keeps the profile, for Chromium's own tools (.cpuprofile)

${TOOLS_USAGE}
  --json             the last line of stdout is the result as JSON
`;

const OPTIONS = {
  pairs: { type: "string" },
  clients: { type: "string" },
  systems: { type: "string" },
  scenarios: { type: "string" },
  rounds: { type: "string" },
  markdown: { type: "string" },
  out: { type: "string" },
  events: { type: "string", default: "100000" },
  "round-trip-ms": { type: "string", default: "300" },
  "kb-per-second": { type: "string", default: "30" },
  "lost-percent": { type: "string", default: "2" },
  /** How long depends on the scenario. */
  seconds: { type: "string" },
  "warm-up": { type: "string", default: "3" },
  rate: { type: "string" },
  window: { type: "string", default: "8" },
  "text-bytes": { type: "string", default: "200" },
  directory: { type: "string" },
  pin: { type: "boolean", default: false },
  transport: { type: "string", default: "websocket" },
  "no-encryption": { type: "boolean", default: false },
  members: { type: "string", default: "10000" },
  online: { type: "string", default: "500" },
  users: { type: "string", default: "100000" },
  /** How many depends on the scenario. */
  connections: { type: "string" },
  rows: { type: "string", default: "1000000" },
  /** How many depends on the scenario. */
  conversations: { type: "string" },
  profile: { type: "string" },
  "row-bytes": { type: "string", default: "200" },
  scans: { type: "string", default: "4000" },
  seed: { type: "string", default: "1" },
  "time-percent": { type: "string" },
  /** How many depends on the scenario. */
  messages: { type: "string" },
  words: { type: "string", default: "50" },
  lines: { type: "string", default: "200000" },
  top: { type: "string", default: "40" },
  tree: { type: "boolean", default: false },
  save: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** Messages a second in the large group. */
const GROUP_RATE = 20;
/** Messages a second between people while a campaign is sent. */
const CAMPAIGN_RATE = 500;
const IDLE_CONNECTIONS = 5_000;
/** Who are cut, and of those who stay. */
const CUT_CLIENTS = 2_000;
const STAYING_PAIRS = 50;
const STAYING_RATE = 200;
/** Messages a second in a group that a device on a bad network is in. */
const WEAK_RATE = 50;
const PAIRS = 100;
/** Seconds that are measured. */
const SECONDS = 10;
/** Conversations of a company. */
const TABLE_CONVERSATIONS = 20_000;
/** Messages a second into the group that is open in a browser, for how long, and how many conversations stand beside it. */
const FLOOD_RATE = 200;
const FLOOD_SECONDS = 20;
const FLOOD_CONVERSATIONS = 40;
/** In the list of a browser that comes with nothing. */
const START_CONVERSATIONS = 500;
/** Messages in the conversation that is searched. */
const SEARCH_MESSAGES = 200_000;
/** Messages of an ablation in the large group. */
const ABLATION_MESSAGES = 1_000;
const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<void> {
  const [name = "", ...args] = process.argv.slice(2);
  const tool = TOOLS.get(name);
  if (tool !== undefined) {
    conclude(await tool(args, say));
    return;
  }
  const { values, positionals } = readArguments();
  if (positionals[0] === "ablation") {
    await ablation(values);
    return;
  }
  const [command, scenario] = positionals;
  if (command === "peers") {
    process.exitCode = (await runPeers(values, say)) ? 0 : EXIT_FAILURE;
    return;
  }
  const report = await (command === "profile" ? profile(scenario, values) : measure(command, values));
  if (report === undefined) {
    say(USAGE);
    process.exitCode = EXIT_USAGE;
    return;
  }
  for (const [key, value] of Object.entries(report.figures)) say(`  ${key.padEnd(40)} ${value}`);
  if (values.json) process.stdout.write(`${JSON.stringify(report.figures)}\n`);
  conclude(report.complaints);
}

function conclude(complaints: readonly string[]): void {
  for (const complaint of complaints) say(`FAILED: ${complaint}`);
  // What an earlier step of the build said about itself must not hide a failure.
  process.exitCode = complaints.length > 0 ? EXIT_FAILURE : 0;
}

/** One line of JSON for each idea. */
async function ablation(values: Values): Promise<void> {
  const plan = {
    members: integer(values, "members", 2, 200_000),
    messages: values.messages === undefined ? ABLATION_MESSAGES : integer(values, "messages", 1, 1_000_000),
    seed: integer(values, "seed", 0, 2 ** 32 - 1),
    events: integer(values, "events", 1_000, 10_000_000),
  };
  const { ideas, complaints } = await measureAblation(plan, say);
  for (const figures of ideas) {
    for (const [key, value] of Object.entries(figures)) say(`  ${key.padEnd(40)} ${value}`);
    say("");
    if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
  for (const complaint of complaints) say(`FAILED: ${complaint}`);
  process.exitCode = complaints.length > 0 ? EXIT_FAILURE : 0;
}

type Values = ReturnType<typeof readArguments>["values"];

async function profile(scenario: string | undefined, values: Values): Promise<Report | undefined> {
  if (scenario === undefined || !PROFILED_SCENARIOS.includes(scenario)) return undefined;
  const options = { save: values.save, top: integer(values, "top", 1, 10_000), isTree: values.tree };
  const run = async (watch: ServerWatch): Promise<Report> => (await measure(scenario, values, watch))!;
  return profileScenario(scenario, run, options, say);
}

async function measure(
  scenario: string | undefined,
  values: Values,
  watch?: ServerWatch,
): Promise<Report | undefined> {
  if (scenario === "idle")
    return measureIdle(
      { connections: whole(values, "connections", [1, 25_000], IDLE_CONNECTIONS) },
      say,
      watch,
    );
  if (scenario === "group") {
    const plan = {
      members: integer(values, "members", 2, 200_000),
      online: integer(values, "online", 1, 20_000),
      rate: values.rate === undefined ? GROUP_RATE : integer(values, "rate", 1, 1_000_000),
      ...measuring(values),
    };
    return measureGroup(plan, say, watch);
  }
  if (scenario === "campaign") {
    const plan = {
      users: integer(values, "users", 1, 1_000_000),
      pairs: values.pairs === undefined ? PAIRS : integer(values, "pairs", 1, 2_000),
      rate: values.rate === undefined ? CAMPAIGN_RATE : integer(values, "rate", 1, 1_000_000),
      ...measuring(values),
    };
    return measureCampaign(plan, say, watch);
  }
  if (scenario === "readers") {
    const plan = {
      members: integer(values, "members", 2, 200_000),
      seed: integer(values, "seed", 0, 2 ** 32 - 1),
    };
    return measureReaders(plan, say);
  }
  if (scenario === "direct") return direct(values, watch);
  return (await measureStored(scenario, values)) ?? measureNetwork(scenario, values);
}

/** Scenarios about what is stored: how, how it gets there, and how it is found again. */
async function measureStored(scenario: string | undefined, values: Values): Promise<Report | undefined> {
  if (scenario === "tables") {
    const plan = {
      rows: integer(values, "rows", 1, 100_000_000),
      conversations: whole(values, "conversations", [1, 10_000_000], TABLE_CONVERSATIONS),
      rowBytes: integer(values, "row-bytes", 150, 65_536),
      scans: integer(values, "scans", 1, 1_000_000),
      seed: integer(values, "seed", 0, 2 ** 32 - 1),
    };
    return measureTables(plan, say);
  }
  if (scenario === "index-build") {
    const plan = {
      rows: integer(values, "rows", 20_000, 100_000_000),
      seconds: whole(values, "seconds", [1, 3_600], SECONDS),
      timePercent: values["time-percent"] === undefined ? undefined : integer(values, "time-percent", 1, 100),
      seed: integer(values, "seed", 0, 2 ** 32 - 1),
    };
    return measureIndexBuild(plan, say);
  }
  if (scenario === "search") {
    const plan = {
      messages:
        values.messages === undefined ? SEARCH_MESSAGES : integer(values, "messages", 1_000, 10_000_000),
      words: integer(values, "words", 1, 1_000),
      directory: values.directory,
    };
    return measureSearch(plan, say);
  }
  if (scenario === "import")
    return measureImport(
      {
        logs: existsSync(CHAT_LOGS) ? CHAT_LOGS : undefined,
        lines: integer(values, "lines", 1, 10_000_000),
        seed: integer(values, "seed", 0, 2 ** 32 - 1),
      },
      say,
    );
  return undefined;
}

/** Scenarios about networks that break or are slow. */
async function measureNetwork(scenario: string | undefined, values: Values): Promise<Report | undefined> {
  if (scenario === "reconnect") {
    const plan = {
      clients: whole(values, "clients", [2, 20_000], CUT_CLIENTS),
      pairs: values.pairs === undefined ? STAYING_PAIRS : integer(values, "pairs", 1, 2_000),
      rate: values.rate === undefined ? STAYING_RATE : integer(values, "rate", 1, 1_000_000),
    };
    return measureReconnect(plan, say);
  }
  if (scenario === "weak") {
    const plan = {
      rate: values.rate === undefined ? WEAK_RATE : integer(values, "rate", 1, 10_000),
      roundTripMs: integer(values, "round-trip-ms", 0, 10_000),
      bytesPerSecond: integer(values, "kb-per-second", 1, 1_000_000) * 1024,
      lostPercent: integer(values, "lost-percent", 0, 100),
      seed: integer(values, "seed", 0, 2 ** 32 - 1),
      ...measuring(values),
    };
    return measureWeak(plan, say);
  }
  return measureWeb(scenario, values);
}

/** Scenarios in a browser. Only they need what drives one, which an installation without its tests does not have. */
async function measureWeb(scenario: string | undefined, values: Values): Promise<Report | undefined> {
  if (scenario === "web-start") {
    const { measureWebStart } = await import("./scenarios/web-start.js");
    const conversations = whole(values, "conversations", [1, 5_000], START_CONVERSATIONS);
    return measureWebStart({ conversations }, say);
  }
  if (scenario === "web-flood") {
    const plan = {
      members: integer(values, "members", 100, 200_000),
      rate: whole(values, "rate", [1, 10_000], FLOOD_RATE),
      seconds: whole(values, "seconds", [1, 3_600], FLOOD_SECONDS),
      conversations: whole(values, "conversations", [0, 5_000], FLOOD_CONVERSATIONS),
      profile: values.profile,
    };
    const { measureWebFlood } = await import("./scenarios/web-flood.js");
    return measureWebFlood(plan, say);
  }
  return undefined;
}

function direct(values: Values, watch?: ServerWatch): Promise<Report> {
  const options = {
    pairs: values.pairs === undefined ? PAIRS : integer(values, "pairs", 1, 5_000),
    ...measuring(values),
    window: integer(values, "window", 1, 16),
    rate: values.rate === undefined ? undefined : integer(values, "rate", 1, 10_000_000),
    transport: transportName(values.transport),
    isPinned: values.pin,
    isEncrypted: !values["no-encryption"],
    directory: values.directory,
  };
  return measureDirect(options, say, watch);
}

function transportName(name: string): TransportName {
  const found = TRANSPORTS.find((each) => each === name);
  if (found === undefined) throw new UsageError(`--transport is one of ${TRANSPORTS.join(", ")}.`);
  return found;
}

/** How long is measured, of messages how large. */
function measuring(values: Values) {
  return {
    seconds: whole(values, "seconds", [1, 3_600], SECONDS),
    warmUpSeconds: integer(values, "warm-up", 0, 3_600),
    textBytes: integer(values, "text-bytes", 10, 16_384),
  };
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

// A tool that is stopped takes the servers that it has started with it, which end with the process and not with a signal.
for (const [signal, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)
  process.once(signal, () => process.exit(exitCode));

main().catch((error: unknown) => {
  say(error instanceof UsageError ? `bench: ${error.message}\n\n${USAGE}` : `bench: ${messageOf(error)}`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
});
