/** What the document about capacity says of Parley beside other systems. */
import { amount } from "../growth/fit.js";
import { markdownOf } from "../peers/markdown.js";
import type { PeerKind } from "../peers/peer.js";
import { SCENARIOS, type ScenarioName } from "../peers/report.js";
import type { PeersResult } from "../results/recorded.js";
import { aimCell, isReached } from "./aim.js";
import { markdownTable } from "./table.js";

interface PeerAim {
  readonly scenario: ScenarioName;
  readonly figure: string;
  readonly label: string;
  /** Of Parley to the best of these; without it the figure itself, in `unit`. */
  readonly to?: { readonly kind: PeerKind; readonly name: string };
  readonly unit?: string;
  readonly is: "at least" | "at most";
  readonly value: number;
}

const CHAT = { kind: "chat", name: "the best chat server" } as const;
const LIMIT = { kind: "limit", name: "the limit" } as const;
const DIRECT = { scenario: "direct", figure: "messages_per_s", label: "messages a second" } as const;
const GROUP = { scenario: "group", figure: "deliveries_per_s", label: "deliveries a second" } as const;

const AIMS: readonly PeerAim[] = [
  { ...DIRECT, to: CHAT, is: "at least", value: 10 },
  { ...DIRECT, to: LIMIT, is: "at least", value: 0.4 },
  {
    scenario: "rate",
    figure: "deliver_p99_ms",
    label: "delivery, p99",
    unit: "ms",
    is: "at most",
    value: 6,
  },
  { ...GROUP, to: CHAT, is: "at least", value: 5 },
  { ...GROUP, to: LIMIT, is: "at least", value: 0.5 },
  {
    scenario: "idle",
    figure: "kb_per_connection",
    label: "memory of a connection",
    unit: "KB",
    is: "at most",
    value: 10,
  },
];
/** The limit that keeps its promise: with a sync. */
const LIMIT_NAME = "limit";

interface MeasuredAim {
  readonly what: string;
  readonly measured: string;
  readonly aim: string;
  readonly isAimReached: boolean;
}

/** The figures of all systems, and what is aimed at. */
export function peersLines(result: PeersResult | undefined): string[] {
  if (result === undefined) return [];
  const { systems, command, rounds, seconds } = result;
  const scenarios = SCENARIOS.filter((name) =>
    systems.some((system) => system.scenarios[name] !== undefined),
  );
  const versions = systems.flatMap(({ name, version }) => (version === null ? [] : [`${name} ${version}`]));
  const heading = `${rounds} ${rounds === 1 ? "round" : "rounds"} of ${seconds} s, in which they took turns; medians, and ranges over the rounds.`;
  return [
    "## Beside other systems",
    "",
    `\`npm run -s bench -- ${command}\`: the same work for all, one after another on the same machine, each with its own durability. What was done and`,
    "what the limit is stands in [benchmark.md](benchmark.md).",
    "",
    ...markdownTable(
      ["scenario", "measured", "aim"],
      aimsOf(result).map(({ what, measured, aim, isAimReached }) => [
        what,
        measured,
        aimCell(aim, isAimReached),
      ]),
    ),
    `${versions.join(", ")}.`,
    "",
    ...markdownOf(systems, { scenarios, heading }).trimEnd().split("\n"),
    "",
  ];
}

/** What is aimed at and not reached, and what the run complained of. */
export function peersShortfalls(result: PeersResult | undefined): string[] {
  if (result === undefined) return [];
  const missed = aimsOf(result).filter(({ isAimReached }) => !isAimReached);
  return [
    ...missed.map(({ what, measured, aim }) => `- \`peers\`: ${what}: ${measured}; aimed at: ${aim}.`),
    ...result.complaints.map((text) => `- \`peers\`: ${text}`),
  ];
}

/** Those of which both sides were measured. */
function aimsOf({ systems }: PeersResult): MeasuredAim[] {
  return AIMS.flatMap(({ scenario, figure, label, to, unit, is, value }) => {
    const medians = (isAskedFor: (kind: PeerKind, name: string) => boolean): number[] =>
      systems
        .filter(({ kind, name }) => isAskedFor(kind, name))
        .flatMap(({ scenarios }) => scenarios[scenario]?.[figure]?.median ?? []);
    const [own] = medians((kind) => kind === "parley");
    const others = medians((kind, name) => kind === to?.kind && (kind !== "limit" || name === LIMIT_NAME));
    if (own === undefined || (to !== undefined && others.length === 0)) return [];
    const found = to === undefined ? own : own / Math.max(...others);
    const suffix = to === undefined ? ` ${unit}` : ` times ${to.name}`;
    return [
      {
        what: `${scenario}: ${label}`,
        measured: to === undefined ? amount(own) + suffix : `${amount(own)}, ${amount(found)}${suffix}`,
        aim: `${is} ${amount(value)}${suffix}`,
        isAimReached: isReached({ is, value }, found),
      },
    ];
  });
}
