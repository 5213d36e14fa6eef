/** Breaks connections, kills the server and restarts devices, on a plan that follows from the seed. */
import { runServer, type ServerExit, ServerProcess, type ServerProcessOptions } from "@parley/bench";
import type { Chance } from "../seed.js";
import { type Cut, CUTS, type TcpProxy } from "../tcp-proxy.js";
import { pause } from "../wait.js";
import type { Device } from "./device.js";

export interface ChaosPlan {
  readonly seconds: number;
  readonly kills: number;
}

export interface ChaosCounts {
  readonly cuts: Record<Cut | "all", number>;
  kills: number;
  /** Kills of a server that was starting, or had just started. */
  falseStarts: number;
  restarts: number;
  /** Of the server's restarts, the longest time until it listened again. */
  recoveryMsMax: number;
}

const CUT_MS_MIN = 60;
const CUT_MS_SPREAD = 240;
/** One in so many cuts takes all connections at once. */
const CUT_ALL_ONE_IN = 40;
/** After one in so many kills the next server is killed as well, this soon after its start. */
const FALSE_START_ONE_IN = 2;
const FALSE_START_MS_MIN = 200;
const FALSE_START_MS_SPREAD = 1_000;
const RESTART_MS_MIN = 100;
const RESTART_MS_SPREAD = 500;
const AWAY_MS_SPREAD = 800;
/** One in so many restarts stays away for long, and comes back to a Rebase. */
const LONG_AWAY_ONE_IN = 4;
const LONG_AWAY_MS = 4_000;

export interface ChaosParts {
  readonly server: ServerProcess;
  /** How the server is started again; the port is that of the first. */
  readonly serverOptions: ServerProcessOptions;
  readonly proxy: TcpProxy;
  readonly devices: readonly Device[];
}

export class Chaos {
  readonly counts: ChaosCounts = {
    cuts: { reset: 0, close: 0, torn: 0, hole: 0, deaf: 0, all: 0 },
    kills: 0,
    falseStarts: 0,
    restarts: 0,
    recoveryMsMax: 0,
  };
  /** Lines in which the servers so far told of an error. */
  readonly loggedErrors: string[] = [];
  readonly #parts: ChaosParts;
  #server: ServerProcess;

  constructor(parts: ChaosParts) {
    this.#parts = parts;
    this.#server = parts.server;
  }

  /** The server that runs now. */
  get server(): ServerProcess {
    return this.#server;
  }

  /** Stops the server in good order, if it runs, and returns how it ended. */
  async end(): Promise<ServerExit> {
    const exit = await this.#server.stop();
    this.#readLog(exit);
    return exit;
  }

  /** Resolves when the plan is over, and the server and all devices run. */
  async run(plan: ChaosPlan, chance: Chance): Promise<void> {
    const endMs = performance.now() + plan.seconds * 1000;
    await Promise.all([
      this.#cut(endMs, chance.fork()),
      this.#kill(plan, chance.fork()),
      this.#restart(endMs, chance.fork()),
    ]);
  }

  /** The network is well: broken connections end now, and every device is told, as by a browser. */
  heal(): void {
    this.#parts.proxy.cutAll();
    for (const device of this.#parts.devices) device.hurry();
  }

  async #cut(endMs: number, chance: Chance): Promise<void> {
    const { proxy } = this.#parts;
    const { cuts } = this.counts;
    while (performance.now() < endMs) {
      await pause(CUT_MS_MIN + chance.below(CUT_MS_SPREAD));
      const how = chance.pick(CUTS);
      if (chance.below(CUT_ALL_ONE_IN) === 0) cuts.all += proxy.cutAll();
      else if (proxy.cut(chance.unit(), how)) cuts[how] += 1;
    }
  }

  /** One kill at a random moment of each of `kills` equal parts of the time. */
  async #kill(plan: ChaosPlan, chance: Chance): Promise<void> {
    const partMs = (plan.seconds * 1000) / plan.kills;
    const beganMs = performance.now();
    for (let part = 0; part < plan.kills; part++) {
      await pause(beganMs + partMs * (part + 0.1 + 0.8 * chance.unit()) - performance.now());
      const exit = await this.#server.kill();
      if (exit.signal !== "SIGKILL")
        throw new Error(`The server had ended before it was killed: ${exit.stderr}`);
      this.counts.kills += 1;
      this.#readLog(exit);
      if (chance.below(FALSE_START_ONE_IN) === 0) await this.#startInVain(chance);
      const deadMs = performance.now();
      this.#server = await ServerProcess.start({ ...this.#parts.serverOptions, port: this.#server.port });
      this.counts.recoveryMsMax = Math.max(this.counts.recoveryMsMax, Math.round(performance.now() - deadMs));
    }
  }

  /** A server that dies while it applies its log again, or soon after. */
  async #startInVain(chance: Chance): Promise<void> {
    const { dataDirectory, serverArguments = [] } = this.#parts.serverOptions;
    const port = String(this.#server.port);
    const withinMs = FALSE_START_MS_MIN + chance.below(FALSE_START_MS_SPREAD);
    const args = ["--data", dataDirectory, "--port", port, "--demo", "off", ...serverArguments];
    const exit = await runServer(args, { withinMs });
    if (exit.signal !== "SIGKILL")
      throw new Error(`The server had ended before it was killed: ${exit.stderr}`);
    this.counts.falseStarts += 1;
    this.#readLog(exit);
  }

  async #restart(endMs: number, chance: Chance): Promise<void> {
    const restarting: Promise<void>[] = [];
    while (performance.now() < endMs) {
      await pause(RESTART_MS_MIN + chance.below(RESTART_MS_SPREAD));
      const device = chance.pick(this.#parts.devices);
      const isLong = chance.below(LONG_AWAY_ONE_IN) === 0;
      const awayMs = chance.below(AWAY_MS_SPREAD) + (isLong ? LONG_AWAY_MS : 0);
      if (!device.canRestart) continue;
      this.counts.restarts += 1;
      restarting.push(device.restart(awayMs));
    }
    await Promise.all(restarting);
  }

  #readLog({ stderr }: ServerExit): void {
    const lines = stderr.split("\n").filter((line) => line.includes('"level":"error"'));
    this.loggedErrors.push(...lines.filter((line) => !this.loggedErrors.includes(line)));
  }
}
