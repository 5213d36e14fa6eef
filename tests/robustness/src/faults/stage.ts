/**
 * A crowd of SDK devices on one server process, to which one thing happens while they talk: they play a script, the
 * fault comes, all is well again, everybody settles, and the checker judges what was sent, accepted, told and shown.
 */
import {
  prepareInstallation,
  type ServerExit,
  ServerProcess,
  type ServerProcessOptions,
} from "@parley/bench";
import type { Truth } from "@parley/simulator/recording";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Crowd, crowdIds, type CrowdViews, TOKENS_PER_USER } from "../replay/crowd.js";
import { judge } from "../replay/judge.js";
import { writeScript } from "../replay/script.js";
import { createChance, seedOfRun } from "../seed.js";
import { until } from "../wait.js";
import { Witness } from "../witness/witness.js";
import type { LossyDisk } from "./lossy-disk.js";

const USERS = 12;
const COMPLAINTS_SHOWN = 20;
const STILL_MS_MAX = 5_000;
/** A pause of a second is noticed as silence. */
const HEARTBEAT_SECONDS = 1;

export interface StageOptions {
  readonly messages: number;
  readonly seconds: number;
  /** Where the server is to keep its data; nothing is there yet. */
  readonly dataDirectory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly heartbeatSeconds?: number;
  /** Resolves when the server runs again, or still. */
  readonly fault: (stage: Stage) => Promise<void>;
  /** What else is wrong with the messages that the log has. */
  readonly check?: (messages: Truth["messages"]) => readonly string[];
  /** What is wrong with the data directory when the last server has ended. */
  readonly inspect?: (dataDirectory: string) => Promise<readonly string[]>;
}

export class Stage {
  readonly dataDirectory: string;
  readonly crowd: Crowd;
  readonly #serverOptions: ServerProcessOptions;
  #server: ServerProcess;

  constructor(server: ServerProcess, serverOptions: ServerProcessOptions, crowd: Crowd) {
    this.#server = server;
    this.#serverOptions = serverOptions;
    this.dataDirectory = serverOptions.dataDirectory;
    this.crowd = crowd;
  }

  /** The server that runs now, or ran last. */
  get server(): ServerProcess {
    return this.#server;
  }

  /** How the server has ended by itself; with SIGKILL when that took longer. */
  async ended(withinMs: number): Promise<ServerExit> {
    const timer = setTimeout(() => void this.#server.kill(), withinMs);
    const exit = await this.#server.exited;
    clearTimeout(timer);
    return exit;
  }

  /** The power fails: the server says nothing any more, and then its disk stops. */
  async unplug(disk: LossyDisk): Promise<void> {
    const { pid } = this.#server;
    process.kill(pid, "SIGSTOP");
    // Its main thread is what speaks; the others may be in the middle of a sync.
    const isStill = await until(
      () => / T /.test(readFileSync(`/proc/${pid}/stat`, "latin1")),
      STILL_MS_MAX,
      1,
    );
    if (!isStill) throw new Error("The server did not stop.");
    disk.cutPower();
    await this.#server.kill();
  }

  /** Starts the next server on the same data and port, when the one before has ended. The devices come back at once. */
  async startAgain(): Promise<void> {
    this.#server = await ServerProcess.start({ ...this.#serverOptions, port: this.#server.port });
    heal(this.crowd);
  }
}

/**
 * Plays a script through a fault, and returns what is wrong afterwards: anomalies of the checker, what devices could
 * not get rid of, errors that the SDK or the last server logged, and an end of the last server that is not in order.
 * Errors: those of the fault; an Error when devices do not come back.
 */
export async function playThrough(t: TestContext, options: StageOptions): Promise<readonly string[]> {
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed} (PARLEY_SEED=${seed} repeats it)`);
  const chance = createChance(seed);
  const script = writeScript(USERS, options.messages, chance.fork());
  const directory = mkdtempSync(join(tmpdir(), "parley-fault-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const prepared = join(directory, "data");
  const serverOptions = {
    dataDirectory: options.dataDirectory ?? prepared,
    serverArguments: ["--heartbeat-seconds", String(options.heartbeatSeconds ?? HEARTBEAT_SECONDS)],
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  };
  const installation = await prepareInstallation({
    dataDirectory: prepared,
    userIds: crowdIds(USERS),
    devicesPerUser: TOKENS_PER_USER,
  });
  if (options.dataDirectory !== undefined) copyDurably(prepared, options.dataDirectory);
  const server = await ServerProcess.start(serverOptions);
  const witness = new Witness(installation);
  const crowd = new Crowd({
    installation,
    witness,
    url: server.url,
    storeDirectory: join(directory, "devices"),
  });
  const stage = new Stage(server, serverOptions, crowd);
  const complaints: string[] = [];
  let views: CrowdViews;
  try {
    await crowd.gather(script);
    const playing = crowd.play(script, options.seconds, chance.fork());
    await Promise.all([playing, options.fault(stage).then(() => heal(crowd))]);
    await crowd.settle();
    views = await crowd.views(stage.server.webSocketUrl);
    complaints.push(...views.pending, ...crowd.loggedErrors);
    t.diagnostic(`${crowd.sentCount} messages, ${crowd.reconnects} reconnects`);
  } finally {
    await crowd.stop();
    complaints.push(...endOf(await stage.server.stop()));
  }
  complaints.push(...((await options.inspect?.(serverOptions.dataDirectory)) ?? []));
  const judgement = await witness.judge({ dataDirectory: serverOptions.dataDirectory, ...views });
  const { messages } = judgement.truth;
  const { sendsOk, deliveries } = judgement.figures;
  t.diagnostic(`judged: ${sendsOk} acknowledged messages, ${deliveries} deliveries`);
  if (sendsOk < options.messages)
    complaints.push(`Only ${sendsOk} of ${options.messages} were acknowledged.`);
  // What the checker says comes first: it names the anomaly.
  const found = [
    ...judgement.complaints,
    ...judge(messages, views.devices),
    ...(options.check?.(messages) ?? []),
    ...complaints,
  ];
  if (found.length === 0) return [];
  const shown = found.slice(0, COMPLAINTS_SHOWN);
  return [`${found.length} complaints; PARLEY_SEED=${seed} repeats it`, ...shown];
}

/** Tells all devices that the network is well, as a browser does. */
function heal({ devices }: Crowd): void {
  for (const device of devices) device.hurry();
}

/**
 * Copies what was prepared onto another disk. It is not prepared there: LevelDB opens files so that child processes
 * inherit them, and a server that another test starts just then would hold the disk.
 */
function copyDurably(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  execFileSync("sync", ["--file-system", to]);
}

function endOf({ code, signal, stderr }: ServerExit): readonly string[] {
  const errors = stderr.split("\n").filter((line) => line.includes('"level":"error"'));
  return code === 0 ? errors : [`The server ended with ${code ?? signal}.`, ...errors];
}
