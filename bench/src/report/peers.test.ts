import { deepEqual, match } from "node:assert/strict";
import { test } from "node:test";
import type { PeerKind } from "../peers/peer.js";
import type { SystemReport } from "../peers/report.js";
import type { PeersResult } from "../results/recorded.js";
import { peersLines, peersShortfalls } from "./peers.js";
import { CIRCUMSTANCES } from "./testing/circumstances.js";

const once = (value: number): { median: number; min: number; max: number } => ({
  median: value,
  min: value,
  max: value,
});

function system(name: string, kind: PeerKind, scenarios: SystemReport["scenarios"]): SystemReport {
  return {
    name,
    kind,
    promise: "Keeps it.",
    version: "1.2",
    skipped: null,
    configuration: null,
    durability: { notCounted: "strace is not here" },
    scenarios,
    notes: [],
  };
}

const RESULT: PeersResult = {
  kind: "peers",
  name: "peers",
  command: "peers --pin",
  ...CIRCUMSTANCES,
  rounds: 3,
  seconds: 10,
  systems: [
    system("parley", "parley", {
      direct: { messages_per_s: once(40_000) },
      group: { deliveries_per_s: once(90) },
      idle: { kb_per_connection: once(10) },
    }),
    system("limit", "limit", { direct: { messages_per_s: once(110_000) } }),
    system("limit-no-sync", "limit", { direct: { messages_per_s: once(50_000) } }),
    system("slow", "chat", { direct: { messages_per_s: once(100) }, group: { deliveries_per_s: once(10) } }),
    system("quick", "chat", {
      direct: { messages_per_s: once(4_000) },
      group: { deliveries_per_s: once(20) },
    }),
    system("broker", "broker", { direct: { messages_per_s: once(1_000_000) } }),
  ],
  complaints: ["parley: reconnect: 1 lost."],
};

test("aims are held to the best chat server and to the limit with a sync, and those without figures are left out", () => {
  const rows = peersLines(RESULT).filter((line) => /reached|missed/.test(line));
  deepEqual(
    rows.map((row) => row.split("|").map((cell) => cell.trim())),
    [
      [
        "",
        "direct: messages a second",
        "40,000, 10 times the best chat server",
        "at least 10 times the best chat server: reached",
        "",
      ],
      [
        "",
        "direct: messages a second",
        "40,000, 0.364 times the limit",
        "**at least 0.4 times the limit: missed**",
        "",
      ],
      [
        "",
        "group: deliveries a second",
        "90, 4.5 times the best chat server",
        "**at least 5 times the best chat server: missed**",
        "",
      ],
      ["", "idle: memory of a connection", "10 KB", "at most 10 KB: reached", ""],
    ],
  );
});

test("what is missed, and what the run complained of, falls short", () => {
  deepEqual(peersShortfalls(RESULT), [
    "- `peers`: direct: messages a second: 40,000, 0.364 times the limit; aimed at: at least 0.4 times the limit.",
    "- `peers`: group: deliveries a second: 90, 4.5 times the best chat server; aimed at: at least 5 times the best chat server.",
    "- `peers`: parley: reconnect: 1 lost.",
  ]);
});

test("all systems are told with their versions; without a result nothing is", () => {
  const text = peersLines(RESULT).join("\n");
  match(text, /parley 1\.2, limit 1\.2, limit-no-sync 1\.2/);
  match(text, /\| broker \| 1,000,000 /);
  deepEqual([peersLines(undefined), peersShortfalls(undefined)], [[], []]);
});
