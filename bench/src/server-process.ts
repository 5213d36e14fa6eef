/** A Parley server in a process of its own: started, asked, stopped, killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { hasTaskset } from "./process-figures.js";

/** As `npm start` and `parley serve` run it; see "Memory" in docs/operations/performance.md. */
export const NODE_FLAGS = ["--max-semi-space-size=64"];
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;
const REPLY_MS_MAX = 20_000;
/** The end of what the server said, kept for the report of a failure. */
const SPOKEN_CHARACTERS_MAX = 64 * 1024;

export interface ServerProcessOptions {
  readonly dataDirectory: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** The processor that the server may use, where the machine has `taskset`. */
  readonly core?: number;
  readonly nodeArguments?: readonly string[];
  readonly serverArguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ServerStats {
  readonly fsyncs: number;
  readonly journalBytes: number;
  readonly appendedRecords: number;
  /** Rows that the services wrote. */
  readonly rowsWritten: number;
  readonly connectionCount: number;
  readonly rss: number;
  readonly heapUsed: number;
  /** Of `rss`, what the heap keeps for what comes and goes. */
  readonly youngBytes: number;
  readonly durability: string;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Runs a server that is expected to end by itself, such as one with bad settings; killed after `withinMs`. */
export async function runServer(args: readonly string[], options: RunOptions = {}): Promise<ServerExit> {
  const { child, exited } = launch(args, { dataDirectory: "", environment: options.environment ?? {} });
  const timer = setTimeout(() => child.kill("SIGKILL"), options.withinMs ?? STOP_MS_MAX);
  const exit = await exited;
  clearTimeout(timer);
  return exit;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly withinMs?: number;
}

export class ServerProcess {
  readonly url: string;
  readonly pid: number;
  readonly port: number;
  readonly dataDirectory: string;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<ServerExit>;
  /** Where the inspector of V8 listens, of a server that was started with `--inspect`. */
  readonly inspectorUrl: string | undefined;
  readonly #child: ChildProcess;

  private constructor(
    { child, exited, stderr }: Launched,
    announced: { readonly url: string; readonly pid: number; readonly dataDirectory: string },
  ) {
    this.#child = child;
    this.dataDirectory = announced.dataDirectory;
    this.inspectorUrl = /^Debugger listening on (ws:\S+)$/m.exec(stderr())?.[1];
    this.url = announced.url;
    this.pid = announced.pid;
    this.port = Number(new URL(announced.url).port);
    this.exited = exited;
  }

  /** Starts a server and waits until it listens. Errors: an Error with what the server said. */
  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const args = [
      "--data",
      options.dataDirectory,
      "--port",
      String(options.port ?? 0),
      "--demo",
      "off",
      "--json",
    ];
    const launched = launch([...args, ...(options.serverArguments ?? [])], options);
    const { child, exited, firstLine } = launched;
    const timer = setTimeout(() => child.kill("SIGKILL"), START_MS_MAX);
    const line = await Promise.race([firstLine, exited]);
    clearTimeout(timer);
    if (typeof line !== "string") {
      throw new Error(`The server ended with ${line.code ?? line.signal} before it listened: ${line.stderr}`);
    }
    const { dataDirectory } = options;
    return new ServerProcess(launched, {
      ...(JSON.parse(line) as { url: string; pid: number }),
      dataDirectory,
    });
  }

  get webSocketUrl(): string {
    return `${this.url.replace(/^http/, "ws")}/v1/ws`;
  }

  /** What the server counts about itself. */
  async stats(): Promise<ServerStats> {
    return this.#ask("stats");
  }

  /** Has the server collect its garbage; it needs `--expose-gc`. */
  async collectGarbage(): Promise<ServerStats> {
    return this.#ask("gc");
  }

  /** Stops it in good order (SIGTERM) and resolves with how it ended. Twice is safe. */
  async stop(): Promise<ServerExit> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS_MAX);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  /** Ends it without a word (SIGKILL). */
  async kill(): Promise<ServerExit> {
    this.#child.kill("SIGKILL");
    return this.exited;
  }

  #ask(type: "stats" | "gc"): Promise<ServerStats> {
    return new Promise((resolve, reject) => {
      const take = (message: unknown): void => {
        if ((message as { type?: unknown }).type !== type) return;
        finish();
        resolve(message as ServerStats);
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`The server did not answer "${type}".`));
      }, REPLY_MS_MAX);
      const finish = (): void => {
        clearTimeout(timer);
        this.#child.off("message", take);
      };
      this.#child.on("message", take);
      this.#child.send({ type });
    });
  }
}

interface Launched {
  readonly child: ChildProcess;
  readonly exited: Promise<ServerExit>;
  readonly firstLine: Promise<string>;
  /** What it has said so far. */
  readonly stderr: () => string;
}

function launch(args: readonly string[], options: ServerProcessOptions): Launched {
  const entry = fileURLToPath(new URL("main.js", import.meta.resolve("@parley/server")));
  const command = [process.execPath, ...NODE_FLAGS, ...(options.nodeArguments ?? []), entry, ...args];
  if (options.core !== undefined && hasTaskset()) command.unshift("taskset", "-c", String(options.core));
  const child = spawn(command[0] ?? "", command.slice(1), {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, ...options.environment },
  });
  running.add(child);
  let stdout = "";
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-SPOKEN_CHARACTERS_MAX);
  });
  const firstLine = new Promise<string>((resolve) => {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(0, SPOKEN_CHARACTERS_MAX);
      const end = stdout.indexOf("\n");
      if (end >= 0) resolve(stdout.slice(0, end));
    });
  });
  const exited = new Promise<ServerExit>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, exited, firstLine, stderr: () => stderr };
}
