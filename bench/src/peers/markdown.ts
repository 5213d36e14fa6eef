/** The report of a run as Markdown: a table for each scenario, then what is to be known about each system. */
import type { Spread } from "../results/spread.js";
import type { ScenarioName, SystemReport } from "./report.js";

/** Columns of a scenario's table: the figure and its heading. */
const COLUMNS: Readonly<Record<ScenarioName, readonly (readonly [string, string])[]>> = {
  direct: [
    ["messages_per_s", "messages/s"],
    ["deliver_p50_ms", "deliver p50, ms"],
    ["deliver_p99_ms", "p99, ms"],
    ["server_cpu_us_per_message", "server CPU, µs/message"],
    ["written_bytes_per_message", "written, bytes/message"],
    ["server_mb", "memory, MB"],
    ["generator_cpu_share", "load's CPU"],
  ],
  rate: [
    ["deliver_p50_ms", "deliver p50, ms"],
    ["deliver_p99_ms", "p99, ms"],
    ["deliver_p999_ms", "p99.9, ms"],
    ["ack_p99_ms", "ack p99, ms"],
    ["server_cpu_us_per_message", "server CPU, µs/message"],
  ],
  group: [
    ["deliveries_per_s", "deliveries/s"],
    ["deliver_p50_ms", "deliver p50, ms"],
    ["deliver_p99_ms", "p99, ms"],
    ["server_cpu_us_per_delivery", "server CPU, µs/delivery"],
    ["server_mb", "memory, MB"],
    ["generator_cpu_share", "load's CPU"],
  ],
  "group-rate": [
    ["deliver_p50_ms", "deliver p50, ms"],
    ["deliver_p99_ms", "p99, ms"],
    ["deliver_max_ms", "max, ms"],
    ["server_cpu_us_per_delivery", "server CPU, µs/delivery"],
  ],
  idle: [
    ["kb_per_connection", "KB/connection"],
    ["connects_per_s", "logins/s"],
    ["server_cpu_ms_per_connect", "server CPU, ms/login"],
    ["server_mb", "memory, MB"],
    ["young_mb", "of which young generation"],
  ],
  reconnect: [
    ["all_back_s", "all back, s"],
    ["half_back_s", "half back, s"],
    ["server_cpu_ms_per_client", "server CPU, ms/client"],
  ],
};

const FAULTS = ["lost", "duplicated", "misordered", "unanswered"] as const;
const HAS_FAULTS = new Set<ScenarioName>(["direct", "rate", "group", "group-rate", "reconnect"]);

export function markdownOf(
  systems: readonly SystemReport[],
  plan: { readonly scenarios: readonly ScenarioName[]; readonly heading: string },
): string {
  const lines = [plan.heading, ""];
  for (const scenario of plan.scenarios) lines.push(...tableOf(scenario, systems), "");
  lines.push("Durability, as seen from outside:", "", ...durabilityOf(systems), "");
  for (const { name, skipped, notes } of systems) {
    if (skipped !== null) lines.push(`- ${name}: skipped. ${skipped}`);
    for (const note of notes) lines.push(`- ${name}: ${note}`);
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function tableOf(scenario: ScenarioName, systems: readonly SystemReport[]): string[] {
  const own = systems.find(({ kind }) => kind === "parley")?.scenarios[scenario];
  const columns = COLUMNS[scenario];
  const headings = columns.map(([, heading]) => heading);
  const faults = HAS_FAULTS.has(scenario) ? ["lost / doubled / out of order / unanswered"] : [];
  const header = [scenario, ...headings, "Parley to it", ...faults];
  const rows = systems.flatMap(({ name, kind, scenarios }) => {
    const spreads = scenarios[scenario];
    if (spreads === undefined) return [];
    const first = columns[0]![0];
    const ratio = (own?.[first]?.median ?? Number.NaN) / (spreads[first]?.median ?? Number.NaN);
    return [
      [
        name,
        ...columns.map(([figure]) => cellOf(spreads[figure])),
        kind === "parley" || !Number.isFinite(ratio) ? "" : ratio.toFixed(2),
        ...(faults.length === 0 ? [] : [FAULTS.map((fault) => spreads[fault]?.max ?? 0).join(" / ")]),
      ],
    ];
  });
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

function durabilityOf(systems: readonly SystemReport[]): string[] {
  const rows = systems.flatMap(({ name, durability, promise }) => {
    if (durability === null) return [];
    const seen =
      "notCounted" in durability
        ? ["not counted", durability.notCounted]
        : [String(durability.syncsPerMessage), callsOf(durability)];
    return [[name, ...seen, promise]];
  });
  const header = ["system", "sync calls a message", "which", "what it promises"];
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

function callsOf({
  calls,
  messages,
}: {
  readonly calls: Readonly<Record<string, number>>;
  readonly messages: number;
}) {
  const list = Object.entries(calls).map(([name, count]) => `${count} ${name}`);
  return `${list.length === 0 ? "none" : list.join(", ")} for ${messages} messages`;
}

/** The median, and the range when rounds differ. */
function cellOf(spread: Spread | undefined): string {
  if (spread === undefined) return "–";
  const { median, min, max } = spread;
  return min === max ? numberOf(median) : `${numberOf(median)} (${numberOf(min)} to ${numberOf(max)})`;
}

function numberOf(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}
