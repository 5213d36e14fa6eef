/** Results as they are kept in files: what was measured, on what, and of which program. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SystemReport } from "../peers/report.js";
import { NODE_FLAGS } from "../server-process.js";
import { type Build, type Machine, busyPercent, describeBuild, describeMachine } from "./machine.js";
import type { Spread } from "./spread.js";

export interface Circumstances {
  /** "2026-11-22", in UTC. */
  readonly date: string;
  readonly machine: Machine;
  /** Of all processors, in the two seconds before: what else the machine did. 0 where that is not told. */
  readonly busyPercentBefore: number;
  /** What the host of a virtual machine took from its processors during the measurement; absent where nobody looked. */
  readonly stolenPercent?: number;
  readonly parley: Build;
  /** Of the load, where it has one. */
  readonly seed: number;
  /** Of the server: the flags of Node; all else is as it is by default, but for what the command says. */
  readonly nodeFlags: readonly string[];
  /** What was asked for: shorter runs measure less well. */
  readonly length: Length;
}

export type Length = "quick" | "usual" | "full";

export interface ScenarioResult extends Circumstances {
  readonly kind: "scenario";
  /** "direct-1000". */
  readonly name: string;
  /** As it was run: "direct --rate 1000". */
  readonly command: string;
  readonly repeats: number;
  readonly figures: Readonly<Record<string, Spread>>;
  /** What is no number, such as the durability. */
  readonly texts: Readonly<Record<string, string>>;
  /** Of all repeats. */
  readonly complaints: readonly string[];
}

export interface GrowthResult extends Circumstances {
  readonly kind: "growth";
  readonly name: "growth";
  readonly command: string;
  readonly axes: readonly {
    readonly name: string;
    readonly points: readonly { readonly size: number; readonly figures: Readonly<Record<string, number>> }[];
    readonly complaints: readonly string[];
  }[];
}

export interface MicroResult extends Circumstances {
  readonly kind: "micro";
  readonly name: "micro";
  readonly command: string;
  readonly benches: readonly {
    readonly name: string;
    readonly nanoseconds: number;
    readonly baseline: string;
    readonly baselineNanoseconds: number;
    /** Of what is measured to its baseline: below 1 is faster. */
    readonly ratio: number;
  }[];
}

/** Parley beside other systems, which took turns. */
export interface PeersResult extends Circumstances {
  readonly kind: "peers";
  readonly name: "peers";
  readonly command: string;
  readonly rounds: number;
  /** Measured, of each run. */
  readonly seconds: number;
  readonly systems: readonly SystemReport[];
  readonly complaints: readonly string[];
}

export type Recorded = ScenarioResult | GrowthResult | MicroResult | PeersResult;

/** Where results stand that are part of the repository. */
export const RESULTS_URL = new URL("../../results/", import.meta.url);

const KINDS: ReadonlySet<string> = new Set(["scenario", "growth", "micro", "peers"]);
const DATE_LETTERS = 10;

/** All but `stolenPercent`. Takes two seconds, in which nothing else of ours should run. */
export async function circumstances(of: {
  readonly directory?: string;
  readonly seed: number;
  readonly length: Length;
}): Promise<Circumstances> {
  return {
    date: new Date().toISOString().slice(0, DATE_LETTERS),
    machine: describeMachine(of.directory),
    busyPercentBefore: await busyPercent(),
    parley: describeBuild(),
    seed: of.seed,
    nodeFlags: NODE_FLAGS,
    length: of.length,
  };
}

/** Effects: writes `<name>.json`; one of before is replaced. */
export function writeResult(directory: string, result: Recorded): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${result.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** All results of a directory, by name. Errors: an Error that names a file that is no result. */
export function readResults(directory: string): ReadonlyMap<string, Recorded> {
  const files = readdirSync(directory)
    .filter((file) => file.endsWith(".json"))
    .toSorted();
  return new Map(
    files.map((file) => {
      const found = JSON.parse(readFileSync(join(directory, file), "utf8")) as Partial<Recorded>;
      if (!KINDS.has(found.kind ?? "") || `${found.name}.json` !== file)
        throw new Error(
          `${join(directory, file)} is no recorded result. Run the load tool again, or remove it.`,
        );
      return [found.name!, found as Recorded];
    }),
  );
}
