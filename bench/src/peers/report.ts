/** What rounds of measurements say together: medians and ranges, and how Parley compares with each of the others. */
import { hundredths, thousandths } from "../rounding.js";
import { type Spread, spreadOf } from "../results/spread.js";
import type { PeerKind } from "./peer.js";
import type { SyncCalls } from "./syncs.js";

export const SCENARIOS = ["direct", "rate", "group", "group-rate", "idle", "reconnect"] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

/** Each figure over the rounds in which there was one. */
export type Spreads = Readonly<Record<string, Spread>>;

export interface SystemReport {
  readonly name: string;
  readonly kind: PeerKind;
  readonly promise: string;
  readonly version: string | null;
  /** Why it was not measured, and what would change that. */
  readonly skipped: string | null;
  readonly configuration: string | null;
  readonly durability: Durability | null;
  readonly scenarios: Readonly<Partial<Record<ScenarioName, Spreads>>>;
  /** What is to be known about its figures: what it lost, what failed, where the load and not the server was the bottleneck. */
  readonly notes: readonly string[];
}

export type Durability =
  | { readonly messages: number; readonly calls: SyncCalls; readonly syncsPerMessage: number }
  | { readonly notCounted: string };

export interface Ratio {
  readonly scenario: ScenarioName;
  readonly figure: string;
  readonly better: "more" | "less";
  readonly to: string;
  /** Parley's median divided by the other's. */
  readonly ratio: number;
}

/** The figure by which systems are compared in a scenario. */
const COMPARED: Readonly<Record<ScenarioName, readonly (readonly [string, "more" | "less"])[]>> = {
  direct: [
    ["messages_per_s", "more"],
    ["server_cpu_us_per_message", "less"],
  ],
  rate: [
    ["deliver_p50_ms", "less"],
    ["deliver_p99_ms", "less"],
  ],
  group: [
    ["deliveries_per_s", "more"],
    ["server_cpu_us_per_delivery", "less"],
  ],
  "group-rate": [["deliver_p99_ms", "less"]],
  idle: [["kb_per_connection", "less"]],
  reconnect: [["all_back_s", "less"]],
};

/** Of each figure over the rounds; a figure that no round has a number for is left out. */
export function spreadsOf(rounds: readonly Readonly<Record<string, number>>[]): Spreads {
  const spreads: Record<string, Spread> = {};
  for (const figure of new Set(rounds.flatMap((round) => Object.keys(round)))) {
    const values = rounds
      .map((round) => round[figure])
      .filter((value) => value !== undefined && Number.isFinite(value));
    if (values.length === 0) continue;
    const spread = spreadOf(values as number[]);
    spreads[figure] = { ...spread, median: thousandths(spread.median) };
  }
  return spreads;
}

/** Parley's medians to those of all others, where both have one and the other's is not 0. */
export function ratiosOf(systems: readonly SystemReport[]): Ratio[] {
  const ours = systems.find(({ kind }) => kind === "parley");
  const ratios: Ratio[] = [];
  for (const scenario of SCENARIOS) {
    for (const [figure, better] of COMPARED[scenario]) {
      const own = ours?.scenarios[scenario]?.[figure]?.median;
      for (const system of systems) {
        const other = system.scenarios[scenario]?.[figure]?.median;
        if (system === ours || own === undefined || other === undefined || other === 0) continue;
        ratios.push({ scenario, figure, better, to: system.name, ratio: hundredths(own / other) });
      }
    }
  }
  return ratios;
}
