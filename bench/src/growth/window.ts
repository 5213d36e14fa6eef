/** What the processes spent in one measured window. */
import { generatorComplaints } from "../load/generator.js";
import { diskBytes, processRssBytes, processThreadSeconds } from "../process-figures.js";
import { thousandths } from "../rounding.js";
import type { ServerProcess } from "../server-process.js";

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

  /** Memory of the server and what its files take, now; what the generator took in the window. */
  figures(): { readonly rss_mb: number; readonly disk_mb: number; readonly generator_percent: number } {
    return {
      rss_mb: thousandths(processRssBytes(this.#server.pid) / MEGABYTE),
      disk_mb: thousandths(diskBytes(this.#server.dataDirectory) / MEGABYTE),
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
