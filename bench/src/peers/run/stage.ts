/** What the scenarios share: connecting many, what went wrong, and what server and load used meanwhile. */
import { processCpuSeconds, treeCpuSeconds, treeWrittenBytes } from "../../process-figures.js";
import { thousandths } from "../../rounding.js";
import type { Peer, PeerServer } from "../peer.js";

export type Figures = Readonly<Record<string, number>>;

export interface Measured {
  readonly figures: Figures;
  /** What else went wrong, and how often. */
  readonly faults: readonly string[];
}

export interface Stage {
  readonly peer: Peer;
  readonly server: PeerServer;
}

const FAULT_KINDS_MAX = 10;
const FAULT_CHARACTERS_MAX = 200;
const CONNECTING_AT_A_TIME = 64;
/** Joining a chat room tells all who are in it: few at a time, so that none waits too long for its own answer. */
export const JOINING_AT_A_TIME = 8;

/** Counts what went wrong, by kind. */
export class Faults {
  readonly #counts = new Map<string, number>();

  readonly add = (what: string): void => {
    const known = this.#counts.get(what);
    if (known !== undefined || this.#counts.size < FAULT_KINDS_MAX) this.#counts.set(what, (known ?? 0) + 1);
  };

  list(): string[] {
    return [...this.#counts].map(([what, count]) => `${count} times: ${what.slice(0, FAULT_CHARACTERS_MAX)}`);
  }
}

/** Does work for users `from` to `until - 1`, some at a time. */
export async function forUsers(
  [from, until]: readonly [number, number],
  work: (user: number) => Promise<void>,
  atATime = CONNECTING_AT_A_TIME,
): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < until) await work(next++);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}

/** What a server and this process have used so far. */
export interface Reading {
  readonly atMs: number;
  readonly serverCpuSeconds: number;
  readonly generatorCpuSeconds: number;
  readonly writtenBytes: number;
}

export function read({ pid }: PeerServer): Reading {
  return {
    atMs: performance.now(),
    serverCpuSeconds: treeCpuSeconds(pid),
    generatorCpuSeconds: processCpuSeconds(process.pid),
    writtenBytes: treeWrittenBytes(pid),
  };
}

/** What was used between two readings, in which `count` things came about that are called `unit`. */
export function usage(begin: Reading, end: Reading, count: number, unit: string): Figures {
  const seconds = (end.atMs - begin.atMs) / 1000;
  const cpuSeconds = end.serverCpuSeconds - begin.serverCpuSeconds;
  return {
    [`server_cpu_us_per_${unit}`]: thousandths((cpuSeconds * 1e6) / count),
    server_cpu_share: thousandths(cpuSeconds / seconds),
    generator_cpu_share: thousandths((end.generatorCpuSeconds - begin.generatorCpuSeconds) / seconds),
  };
}
