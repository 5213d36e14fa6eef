/** A server in a process of its own: started, waited for, stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, connect as connectSocket } from "node:net";
import { hasTaskset, processTree } from "../process-figures.js";
import { pause } from "../pause.js";

const START_MS_MAX = 30_000;
const PROBE_MS = 50;
/** Of the end of what it said, in the report of a failure. */
const SPOKEN_CHARACTERS_MAX = 4 * 1024;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface ChildOptions {
  readonly command: readonly string[];
  /** Where it runs. */
  readonly directory: string;
  /** Where it will listen on 127.0.0.1. */
  readonly port: number;
  readonly core: number | undefined;
  readonly environment?: Readonly<Record<string, string>>;
}

export class Child {
  readonly #pid: number | undefined;
  readonly #ended: Promise<void>;
  #spoken = "";
  #isEnded = false;

  private constructor(options: ChildOptions) {
    const pinned = options.core === undefined || !hasTaskset() ? [] : ["taskset", "-c", String(options.core)];
    const [program = "", ...args] = [...pinned, ...options.command];
    const child = spawn(program, args, {
      cwd: options.directory,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.environment },
    });
    running.add(child);
    this.#pid = child.pid;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    this.#ended = new Promise((resolve) => {
      const end = (text: string): void => {
        running.delete(child);
        this.#isEnded = true;
        this.#hear(text);
        resolve();
      };
      child.once("error", (error) => end(error.message));
      child.once("exit", (code, signal) => end(`\n(it ended with ${code ?? signal})`));
    });
  }

  /** Starts it and waits until its port is open. Errors: an Error with the end of what it said. */
  static async start(options: ChildOptions): Promise<Child> {
    const child = new Child(options);
    const untilMs = performance.now() + START_MS_MAX;
    while (!(await isOpen(options.port))) {
      if (child.#isEnded || performance.now() > untilMs) {
        await child.stop();
        throw new Error(`${options.command[0]} did not start; it said: ${child.#spoken.trim()}`);
      }
      await pause(PROBE_MS);
    }
    return child;
  }

  get pid(): number {
    if (this.#pid === undefined) throw new Error("It did not begin.");
    return this.#pid;
  }

  /** Ends it and what it started, at once: nobody wants what it would still write. Twice is safe. */
  async stop(): Promise<void> {
    // Without an id it never began, and "error" follows.
    if (!this.#isEnded && this.#pid !== undefined) for (const pid of processTree(this.#pid)) kill(pid);
    await this.#ended;
  }

  #hear(text: string): void {
    this.#spoken = (this.#spoken + text).slice(-SPOKEN_CHARACTERS_MAX);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}

/** A port of the loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("The loopback has no free port.");
  return address.port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    const end = (isListening: boolean): void => {
      socket.destroy();
      resolve(isListening);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
