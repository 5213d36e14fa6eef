/** The server as its own process, on a port that it keeps when it is started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { type Operations, remoteOperations } from "@parley/server";

const MAIN = fileURLToPath(new URL("main.js", import.meta.resolve("@parley/server")));

export class ServerProcess {
  readonly #data: string;
  readonly #options: readonly string[];
  #child: ChildProcess | undefined;
  #port = 0;

  private constructor(data: string, options: readonly string[]) {
    this.#data = data;
    this.#options = options;
  }

  /** A server with the demo organisation on a free port; `options` are its command line's. */
  static async start(options: readonly string[] = []): Promise<ServerProcess> {
    const server = new ServerProcess(await mkdtemp(join(tmpdir(), "parley-e2e-")), options);
    await server.start();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What an operator does to it while it runs. */
  get operations(): Operations {
    return remoteOperations(join(this.#data, "parley.sock"));
  }

  async start(): Promise<void> {
    const args = ["--data", this.#data, "--port", String(this.#port), "--reserve-mb", "0", "--json"];
    const child = spawn(process.execPath, [MAIN, ...args, ...this.#options], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    const lines = createInterface({ input: child.stdout });
    const [line] = (await Promise.race([once(lines, "line"), once(child, "exit")])) as [unknown];
    if (typeof line !== "string") throw new Error(`The server ended before it listened (${String(line)}).`);
    this.#port = Number(new URL((JSON.parse(line) as { url: string }).url).port);
  }

  /** Ends the process and waits until it is gone; what is stored stays. Idempotent. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }

  /** Ends the process and deletes what it stored. */
  async close(): Promise<void> {
    await this.stop();
    await rm(this.#data, { recursive: true });
  }
}
