/** Starts the processes of the index measurement, and kills one of them. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BuildMessage, BuildProcessPlan } from "./build-process.js";

/** As the server is started. */
const NODE_FLAGS = ["--max-semi-space-size=64"];

export type Figures = Readonly<Record<string, number>>;

export interface RunOptions {
  /** Kills the process, as kill -9 does, when it tells that the build has gone through so many rows. */
  readonly killedAtRows?: number;
  readonly onStep?: (step: string) => void;
}

/** Runs a process until it ends or is killed, and gives what it told. Errors: it ended otherwise. */
export async function runBuildProcess(
  plan: BuildProcessPlan,
  { killedAtRows, onStep }: RunOptions = {},
): Promise<Figures> {
  const path = fileURLToPath(new URL("build-process.js", import.meta.url));
  const child = fork(path, [JSON.stringify(plan)], { execArgv: NODE_FLAGS });
  let figures: Figures = {};
  const exit = await new Promise<{ readonly code: number | null; readonly signal: string | null }>(
    (resolve, reject) => {
      child.on("message", (message: BuildMessage) => {
        if (message.kind === "figures") ({ figures } = message);
        else if (message.kind === "step") onStep?.(message.step);
        else if (killedAtRows !== undefined && message.done >= killedAtRows) child.kill("SIGKILL");
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => resolve({ code, signal }));
    },
  );
  const isExpected = killedAtRows === undefined ? exit.code === 0 : exit.signal === "SIGKILL";
  if (!isExpected) throw new Error(`The build process ended with ${exit.code ?? exit.signal}.`);
  return figures;
}

/** Builds an index while writers run, kills the process in the middle, and goes on in another one to the end. */
export async function runKilledBuild(
  plan: Omit<BuildProcessPlan, "mode" | "seconds">,
  onStep?: (step: string) => void,
): Promise<Figures> {
  await runBuildProcess({ ...plan, mode: "interrupted", seconds: 0 }, { killedAtRows: plan.rows / 2 });
  onStep?.("the killed build goes on");
  return runBuildProcess({ ...plan, mode: "resume", seconds: 0 });
}
