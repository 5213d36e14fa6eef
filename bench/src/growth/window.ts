/** What the processes spent in one measured window. */
import { processRssBytes, processThreadSeconds } from "../process-figures.js";
import { thousandths } from "../rounding.js";
import type { ServerProcess } from "../server-process.js";

/** Of one processor. Beyond it the generator measures itself. */
const GENERATOR_SHARE_MAX = 0.9;
const MEGABYTE = 1024 * 1024;

interface Reading {
  readonly atMs: number;
  readonly serverSeconds: number;
  readonly generatorSeconds: number;
}

export class MeasuredWindow {
  readonly #server: ServerProcess;
  readonly #begin: Reading;
  #end: Reading | undefined;

  constructor(server: ServerProcess) {
    this.#server = server;
    this.#begin = read(server);
  }

  end(): void {
    this.#end = read(this.#server);
  }

  /** Of all threads of the server, for each of so many operations. */
  serverMicroseconds(operations: number): number {
    return thousandths(((this.#over().serverSeconds - this.#begin.serverSeconds) * 1e6) / operations);
  }

  figures(): { readonly rss_mb: number; readonly generator_percent: number } {
    return {
      rss_mb: thousandths(processRssBytes(this.#server.pid) / MEGABYTE),
      generator_percent: thousandths(this.#generatorShare * 100),
    };
  }

  complaints(): string[] {
    return generatorComplaints(this.#generatorShare);
  }

  get #generatorShare(): number {
    const { atMs, generatorSeconds } = this.#over();
    return (generatorSeconds - this.#begin.generatorSeconds) / ((atMs - this.#begin.atMs) / 1000);
  }

  #over(): Reading {
    if (this.#end === undefined) throw new Error("The window is not over.");
    return this.#end;
  }
}

/** What is to be said of a generator that took this share of one processor. */
export function generatorComplaints(share: number): string[] {
  if (share <= GENERATOR_SHARE_MAX) return [];
  const percent = Math.round(share * 100);
  return [
    `The load generator took ${percent}% of a processor: one process is not enough for this load, so what it measured is its own limit.`,
  ];
}

function read(server: ServerProcess): Reading {
  return {
    atMs: performance.now(),
    serverSeconds: secondsOf(server.pid),
    generatorSeconds: secondsOf(process.pid),
  };
}

function secondsOf(pid: number): number {
  const { main, others } = processThreadSeconds(pid);
  return main + others;
}
