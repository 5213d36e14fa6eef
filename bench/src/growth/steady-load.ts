/** Pairs that write to each other at a fixed rate, in windows one after another, each with devices of its own. */
import type { ConversationId } from "@parley/protocol";
import type { Installation } from "../installation.js";
import { thousandths } from "../rounding.js";
import { type DirectMarks, runDirect } from "../scenarios/direct.js";
import type { ServerProcess } from "../server-process.js";
import type { GrowthPlan, Measured } from "./axis.js";
import { MeasuredWindow } from "./window.js";

export interface SteadyLoad {
  readonly pairs: number;
  /** Messages a second in all. */
  readonly rate: number;
  readonly textBytes: number;
  readonly conversationOf?: (pair: number) => ConversationId;
}

/** Of 1,000 messages a second the server may answer less than this share, and the load is not what it says. */
const KEPT_UP_SHARE_MIN = 0.95;
const WINDOW = 16;
const UNMARKED: DirectMarks = { onBegin: () => Promise.resolve(), onEnd: () => Promise.resolve() };

export interface SteadyResult {
  readonly windows: readonly Measured[];
  /** Acknowledged in all, also outside of the measured time. */
  readonly acked: number;
}

/** How many devices each user needs: one for each window, and one before. */
export function devicesFor({ windows }: GrowthPlan): number {
  return windows + 1;
}

/** The installation has `devicesFor` the plan of each user. The pairs also write in direct chats, before the first window. */
export async function measureSteadily(
  server: ServerProcess,
  installation: Installation,
  load: SteadyLoad,
  plan: GrowthPlan,
): Promise<SteadyResult> {
  const windows: Measured[] = [];
  let acked = 0;
  const { pairs, textBytes } = load;
  const heat = {
    pairs,
    textBytes,
    rate: undefined,
    seconds: plan.heatSeconds,
    warmUpSeconds: 0,
    window: WINDOW,
  };
  acked += (await runDirect(heat, installation, server.webSocketUrl, UNMARKED)).verdict.acked;
  for (let device = 1; device <= plan.windows; device++) {
    let window: MeasuredWindow | undefined;
    const { seconds, warmUpSeconds } = plan;
    const direct = { ...load, seconds, warmUpSeconds, window: WINDOW, device };
    const result = await runDirect(direct, installation, server.webSocketUrl, {
      onBegin: async () => {
        window = new MeasuredWindow(server);
      },
      onEnd: async () => window!.end(),
    });
    acked += result.verdict.acked;
    const { lost, duplicated, misordered, unanswered } = result.verdict;
    const wrong = lost + duplicated + misordered + unanswered + result.refused;
    const keptUp = result.acked / result.seconds / load.rate;
    windows.push({
      figures: {
        send_cpu_us: window!.serverMicroseconds(result.acked),
        ack_p50_ms: thousandths(result.ack.quantileMs(0.5)),
        ack_p99_ms: thousandths(result.ack.quantileMs(0.99)),
        deliver_p50_ms: thousandths(result.delivery.quantileMs(0.5)),
        deliver_p99_ms: thousandths(result.delivery.quantileMs(0.99)),
        messages: result.acked,
        wrong,
        ...window!.figures(),
      },
      complaints: [
        ...window!.complaints(),
        ...(wrong === 0
          ? []
          : [`Messages were lost, doubled or misplaced: ${JSON.stringify(result.verdict)}`]),
        ...(keptUp < KEPT_UP_SHARE_MIN
          ? [`The server took ${Math.round(keptUp * 100)}% of ${load.rate} messages a second.`]
          : []),
      ],
    });
  }
  return { windows, acked };
}
