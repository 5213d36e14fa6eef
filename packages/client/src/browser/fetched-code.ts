/**
 * The client's late code in a browser. It is fetched when it is first needed, and all of it once the client is live and the page has nothing to
 * do: so it is there without a network too, and after the server has got newer files.
 */
import { type Ambient, messageOf, type Scheduler } from "@parley/base";
import { late } from "../common/late-code.js";
import type { Load, Loaders } from "../common/loaders.js";
import type * as Streams from "./late-streams.js";

/** How long the page may be busy before the late code is fetched all the same. */
const IDLE_MS_MAX = 5_000;

/** What loads the client's late code. */
export interface FetchedCode extends Loaders {
  readonly streams: Load<typeof Streams>;
  /** Fetches what is missing, when the page has nothing to do. What fails is fetched when it is needed, or the next time. */
  fetchAll(): void;
}

export function fetchedCode({ scheduler, logger }: Pick<Ambient, "scheduler" | "logger">): FetchedCode {
  const world = { scheduler, isOnline: () => navigator.onLine };
  const loaders = {
    streams: late(world, () => import("./late-streams.js")),
    files: late(world, () => import("../common/late-files.js")),
    calls: late(world, () => import("../common/late-calls.js")),
  };
  const fetchAll = (): void => {
    for (const load of Object.values(loaders))
      load().catch((error: unknown) => logger.info("code not fetched", { reason: messageOf(error) }));
  };
  return { ...loaders, fetchAll: () => whenIdle(scheduler, fetchAll) };
}

function whenIdle(scheduler: Scheduler, task: () => void): void {
  // Safari has none.
  if (typeof requestIdleCallback === "function") requestIdleCallback(task, { timeout: IDLE_MS_MAX });
  else scheduler.after(IDLE_MS_MAX, task);
}
