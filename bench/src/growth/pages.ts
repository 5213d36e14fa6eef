/** Requests one after another from a few devices at a time: what one of them costs the server. */
import { Histogram } from "../histogram.js";
import type { RawClient } from "../load/raw-client.js";
import { thousandths } from "../rounding.js";
import type { ServerProcess } from "../server-process.js";
import type { Measured } from "./axis.js";
import { MeasuredWindow } from "./window.js";

const AT_A_TIME = 4;

/** The names of its figures begin with `name`. `ask` is given how many were asked before; it rejects an answer that is wrong. */
export async function measurePages(
  server: ServerProcess,
  clients: readonly RawClient[],
  of: {
    readonly name: string;
    readonly seconds: number;
    readonly heatSeconds: number;
    readonly ask: (client: RawClient, count: number) => Promise<void>;
  },
): Promise<Measured> {
  let asked = 0;
  const askFor = async (seconds: number): Promise<Histogram> => {
    const took = new Histogram();
    const untilMs = performance.now() + seconds * 1000;
    const worker = async (): Promise<void> => {
      while (performance.now() < untilMs) {
        const count = asked++;
        const beganMs = performance.now();
        await of.ask(clients[count % clients.length]!, count);
        took.add(performance.now() - beganMs);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    return took;
  };
  await askFor(of.heatSeconds);
  const window = new MeasuredWindow(server);
  const took = await askFor(of.seconds);
  window.end();
  return {
    figures: {
      [`${of.name}_cpu_us`]: window.serverMicroseconds(took.count),
      [`${of.name}_p50_ms`]: thousandths(took.quantileMs(0.5)),
      [`${of.name}_p99_ms`]: thousandths(took.quantileMs(0.99)),
      [`${of.name}s`]: took.count,
    },
    complaints: window.complaints(),
  };
}
