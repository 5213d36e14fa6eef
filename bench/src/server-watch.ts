/** What looks at a server during the measured time of a scenario, such as a profiler. */
import type { ServerProcess } from "./server-process.js";

export interface ServerWatch {
  /** What Node is started with, beside its other arguments. */
  readonly nodeArguments: readonly string[];
  /** Called when the warm-up is over, before the counters are read. */
  begin(server: ServerProcess): Promise<void>;
  /** Called when the measured time is over, after the counters were read. */
  end(): Promise<void>;
}

/** Looks at nothing. */
export const NO_WATCH: ServerWatch = {
  nodeArguments: [],
  begin: () => Promise.resolve(),
  end: () => Promise.resolve(),
};
