/** System calls of a running server that fail or take long, from a chosen moment on, by way of `strace`. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const ATTACH_MS_MAX = 10_000;
const SPOKEN_CHARACTERS_MAX = 256 * 1024;
const PTRACE_SCOPE = "/proc/sys/kernel/yama/ptrace_scope";

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface Injection {
  /** What is done to which system calls, as after `-e inject=` of strace. Its `when` counts in each thread apart. */
  readonly inject: string;
  /** Only calls on this file; on all when it is left out. */
  readonly path?: string;
}

export class Strace {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #spoken = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    running.add(child);
    this.#ended = new Promise((resolve) => {
      child.once("close", () => {
        running.delete(child);
        resolve();
      });
    });
  }

  /** Resolves when every thread of the process is traced. Errors: an Error with what strace said. */
  static async attach(pid: number, { inject, path }: Injection): Promise<Strace> {
    const calls = inject.split(":")[0] ?? "";
    const what = [
      "-e",
      `trace=${calls}`,
      "-e",
      `inject=${inject}`,
      ...(path === undefined ? [] : ["-P", path]),
    ];
    const child = spawn("strace", ["-f", "-p", String(pid), ...what], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const strace = new Strace(child);
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const complain = (): void => reject(new Error(`strace did not attach: ${strace.#spoken}`));
        timer = setTimeout(complain, ATTACH_MS_MAX);
        child.once("close", complain).once("error", reject);
        child.stderr?.setEncoding("utf8").on("data", (text: string) => {
          strace.#spoken = (strace.#spoken + text).slice(-SPOKEN_CHARACTERS_MAX);
          if (/^strace: Process \d+ attached/m.test(strace.#spoken)) resolve();
        });
      });
    } finally {
      clearTimeout(timer);
    }
    return strace;
  }

  /** How many calls it has changed. */
  get injectedCount(): number {
    return this.#spoken.split("(INJECTED)").length + this.#spoken.split("(DELAYED)").length - 2;
  }

  /** Lets the process go on undisturbed. Resolves also when it has ended. */
  async detach(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}

/** Why nothing can be injected here; false when it can. */
export function straceMissing(): string | false {
  const { status } = spawnSync("strace", ["-f", "-e", "trace=none", "true"], { stdio: "ignore" });
  if (status !== 0) return "strace is missing (apt-get install strace) or may not trace here";
  const scope = existsSync(PTRACE_SCOPE) ? readFileSync(PTRACE_SCOPE, "utf8").trim() : "0";
  if (scope === "0" || (scope !== "3" && process.getuid?.() === 0)) return false;
  return `strace may not attach to a running process here (${PTRACE_SCOPE} is ${scope})`;
}
