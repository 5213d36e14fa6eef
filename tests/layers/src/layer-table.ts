/**
 * Which folder may import which. Arrows only go down:
 *
 *   base <- protocol <- domain <- keys <- tables, logs, blobs, cache, flow, contracts, egress <- engines <- services <- services/server
 *        <- simulator <- apps/cli, bench, tests
 *
 * `backup` stands beside the services: it sees what they see. `client` and `checker` stand beside the ladder: they see base and protocol, and only what is above services/server sees
 * them.
 */
const BASE = ["packages/base"];
const PROTOCOL = ["packages/protocol"];
const DOMAIN = ["packages/domain"];
/** Ports seal what they store. */
const KEYS = ["packages/keys"];
const PORTS = [
  "packages/tables",
  "packages/logs",
  "packages/blobs",
  "packages/cache",
  "packages/flow",
  "packages/contracts",
  "packages/egress",
];
const ENGINES = [
  "packages/engine-embedded",
  "packages/engine-cassandra",
  "packages/engine-nats",
  "packages/engine-valkey",
];
const BACKUP = ["packages/backup"];
const SERVICES = [
  "services/message",
  "services/sync",
  "services/gateway",
  "services/notification",
  "services/routing",
  "services/api",
  "services/media",
  "services/preview",
];
const SERVER = ["services/server"];
/** What a server is given beside itself: it sees what crosses the wire and the calls between services, and no service. */
const PLUGINS = ["packages/review", "packages/scenarios"];
const CLIENT = ["packages/client"];
const REACT = ["packages/react"];
const CHECKER = ["packages/checker"];
const SIMULATOR = ["packages/simulator"];
const WEB = ["apps/web"];
const TOOLS = ["apps/cli", "bench"];
/** What others write: they see the client, and to try it out the server. */
const EXAMPLES = ["examples/todo"];
const TEST_SUPPORT = ["tests/support"];
const TESTS = [
  "tests/layers",
  "tests/simulation",
  "tests/robustness",
  "tests/compatibility",
  "tests/e2e",
  "tests/sdk",
  "tests/system",
];

const BELOW_KEYS = [...BASE, ...PROTOCOL, ...DOMAIN];
const BELOW_PORTS = [...BELOW_KEYS, ...KEYS];
const BELOW_ENGINES = [...BELOW_PORTS, ...PORTS];
const BELOW_SERVICES = [...BELOW_ENGINES, ...ENGINES];
const BELOW_SERVER = [...BELOW_SERVICES, ...BACKUP, ...SERVICES, ...PLUGINS];
const BELOW_SIMULATOR = [...BELOW_SERVER, ...SERVER, ...CLIENT, ...CHECKER];
const BELOW_TOOLS = [...BELOW_SIMULATOR, ...SIMULATOR];
const BELOW_TESTS = [...BELOW_TOOLS, ...TOOLS, ...WEB, ...REACT];

const TABLE: ReadonlyMap<string, readonly string[]> = new Map([
  ...row(BASE, []),
  ...row(PROTOCOL, BASE),
  ...row(DOMAIN, [...BASE, ...PROTOCOL]),
  ...row(KEYS, BELOW_KEYS),
  ...row(PORTS, BELOW_PORTS),
  ...row(ENGINES, BELOW_ENGINES),
  ...row(BACKUP, BELOW_SERVICES),
  ...row(SERVICES, BELOW_SERVICES),
  ...row(PLUGINS, [...BASE, ...PROTOCOL, "packages/contracts"]),
  ...row(SERVER, BELOW_SERVER),
  ...row(CLIENT, [...BASE, ...PROTOCOL]),
  ...row(REACT, [...BASE, ...PROTOCOL, ...CLIENT]),
  ...row(CHECKER, [...BASE, ...PROTOCOL]),
  ...row(SIMULATOR, BELOW_SIMULATOR),
  ...row(WEB, [...BASE, ...PROTOCOL, ...CLIENT]),
  ...row(TOOLS, BELOW_TOOLS),
  ...row(EXAMPLES, [...BASE, ...PROTOCOL, ...CLIENT, ...SERVER]),
  ...row(TEST_SUPPORT, BELOW_TESTS),
  ...row(TESTS, [...BELOW_TESTS, ...TEST_SUPPORT]),
]);

/** Whether the table has a row for this folder. */
export function isListed(folder: string): boolean {
  return TABLE.has(folder);
}

/** Whether sources in one folder may import the package in another. False when either is not listed. */
export function mayImport(from: string, to: string): boolean {
  return TABLE.get(from)?.includes(to) ?? false;
}

function row(folders: readonly string[], below: readonly string[]): [string, readonly string[]][] {
  return folders.map((folder) => [folder, below]);
}
