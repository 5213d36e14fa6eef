import { Failure, sleep } from "@parley/base";
import type { Installation, TableJobRequest } from "@parley/server";
import type { Context } from "./command.js";
import { startStepLine } from "./terminal/step-line.js";

const POLL_MS = 200;

/** Has a job done by whoever holds the installation, and waits for its result. Errors: those that it ends with. */
export async function runTableJob(
  { operations, isServed }: Installation,
  request: Omit<TableJobRequest, "isGentle">,
  { terminal, ambient }: Context,
): Promise<unknown> {
  await operations.startTableJob({ ...request, isGentle: isServed });
  const line = startStepLine(terminal, ambient.clock);
  try {
    for (;;) {
      const { state, step, done, result, error } = await operations.tableJobStatus({});
      line.update(step, done);
      if (error !== null) throw new Failure(error.code, error.message);
      if (state === "done") return result;
      await sleep(ambient.scheduler, POLL_MS);
    }
  } finally {
    line.end();
  }
}
