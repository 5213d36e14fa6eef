/** Profiles the main thread of a server during the measured time. */
import { processThreadSeconds } from "../process-figures.js";
import type { ServerProcess } from "../server-process.js";
import type { ServerWatch } from "../server-watch.js";
import type { CpuProfile } from "./cpu-profile.js";
import { InspectorSession } from "./inspector-session.js";

/** Half the default of V8: more samples, and still below 2% of the processor time. */
const SAMPLE_MICROSECONDS = 500;

export interface Profiled {
  readonly profile: CpuProfile;
  /** Processor time of the profiled thread within that time, and of all other threads of the process. */
  readonly mainThreadSeconds: number;
  readonly otherThreadsSeconds: number;
}

export class ProfileWatch implements ServerWatch {
  /** On a port that the system chooses, of this machine only. */
  readonly nodeArguments: readonly string[] = ["--inspect=127.0.0.1:0"];
  #pid = 0;
  #session: InspectorSession | undefined;
  #before = { main: 0, others: 0 };
  #profiled: Profiled | undefined;

  /** What was found; undefined when the measured time did not end. */
  get profiled(): Profiled | undefined {
    return this.#profiled;
  }

  async begin(server: ServerProcess): Promise<void> {
    const url = server.inspectorUrl;
    if (url === undefined) throw new Error("The server did not say where its inspector listens.");
    this.#session = await InspectorSession.connect(url);
    await this.#session.ask("Profiler.enable");
    await this.#session.ask("Profiler.setSamplingInterval", { interval: SAMPLE_MICROSECONDS });
    await this.#session.ask("Profiler.start");
    this.#pid = server.pid;
    this.#before = processThreadSeconds(server.pid);
  }

  async end(): Promise<void> {
    const session = this.#session;
    if (session === undefined) throw new Error("What has not begun does not end.");
    const { main, others } = processThreadSeconds(this.#pid);
    const { profile } = (await session.ask("Profiler.stop")) as { readonly profile: CpuProfile };
    await session.close();
    this.#profiled = {
      profile,
      mainThreadSeconds: main - this.#before.main,
      otherThreadsSeconds: others - this.#before.others,
    };
  }
}
