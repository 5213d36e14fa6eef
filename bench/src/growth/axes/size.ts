/** Bytes of a message. */
import { prepareInstallation } from "../../installation.js";
import { diskBytes } from "../../process-figures.js";
import { thousandths } from "../../rounding.js";
import { userIdsOf } from "../../scenarios/direct.js";
import { ServerProcess } from "../../server-process.js";
import type { GrowthAxis, GrowthPlan, Measured } from "../axis.js";
import { withFreshDirectory } from "../fresh-directory.js";
import { devicesFor, measureSteadily } from "../steady-load.js";

const PAIRS = 20;
const RATE = 100;

export const SIZE: GrowthAxis = {
  name: "size",
  heading: "Size of a message",
  of: "bytes",
  constant: `${PAIRS} pairs write ${RATE} messages a second in all; up to 16 KiB as text, above it as custom messages.`,
  sizes: {
    quick: [20, 200, 2_000, 8_000, 32_000],
    full: [20, 200, 1_000, 4_000, 16_000, 32_000],
  },
  curves: [
    {
      name: "size-cpu",
      title: "A send, by bytes of the message",
      figure: "send_cpu_us",
      subject: {
        name: `A send at ${RATE.toLocaleString("en-US")} a second`,
        verb: "costs the server's processor",
        unit: "µs",
      },
    },
    {
      name: "size-journal",
      title: "Journal of a message",
      figure: "journal_bytes_per_message",
      subject: { name: "A message", verb: "takes in the journal", unit: "bytes" },
    },
    {
      name: "size-deliver",
      title: "Delivery by bytes of the message, p99",
      figure: "deliver_p99_ms",
      subject: {
        name: `Delivery at ${RATE.toLocaleString("en-US")} a second, p99,`,
        verb: "takes",
        unit: "ms",
      },
      beside: { p50: "deliver_p50_ms" },
    },
  ],
  measure: (size, plan) =>
    withFreshDirectory(plan.directory, (dataDirectory) => measure(size, plan, dataDirectory)),
};

async function measure(size: number, plan: GrowthPlan, dataDirectory: string): Promise<readonly Measured[]> {
  const installation = await prepareInstallation({
    dataDirectory,
    userIds: userIdsOf(PAIRS),
    devicesPerUser: devicesFor(plan),
  });
  const bytesBefore = diskBytes(dataDirectory);
  const server = await ServerProcess.start({ dataDirectory });
  try {
    const before = await server.stats();
    const load = { pairs: PAIRS, rate: RATE, textBytes: size };
    const { windows, acked } = await measureSteadily(server, installation, load, plan);
    const after = await server.stats();
    await server.stop();
    const figures = {
      journal_bytes_per_message: thousandths((after.journalBytes - before.journalBytes) / acked),
      disk_bytes_per_message: thousandths((diskBytes(dataDirectory) - bytesBefore) / acked),
    };
    return [...windows, { figures, complaints: [] }];
  } finally {
    await server.stop();
  }
}
