/** Runs the direct scenario against a server of its own and says what was measured. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Histogram } from "../histogram.js";
import { prepareInstallation } from "../installation.js";
import { generatorComplaints } from "../load/generator.js";
import { diskBytes, pinThisProcess, processCpuSeconds, processRssBytes } from "../process-figures.js";
import { ServerProcess, type ServerStats } from "../server-process.js";
import { NO_WATCH, type ServerWatch } from "../server-watch.js";
import { type DirectPlan, type DirectResult, runDirect, userIdsOf } from "./direct.js";
import { thousandths } from "../rounding.js";

export type Figures = Readonly<Record<string, string | number | boolean | null>>;

export interface Report {
  readonly figures: Figures;
  /** What makes the measurement worthless; empty when all is well. */
  readonly complaints: readonly string[];
}

const SERVER_CORE = 0;
const GENERATOR_CORE = 1;
const MEGABYTE = 1024 * 1024;

/** One reading of all counters. */
interface Reading {
  readonly cpuSeconds: number;
  readonly generatorCpuSeconds: number;
  readonly stats: ServerStats;
}

export interface DirectOptions extends DirectPlan {
  readonly isPinned: boolean;
  readonly isEncrypted: boolean;
  /** Where the data directory is made; the measured disk. */
  readonly directory: string | undefined;
}

export async function measureDirect(
  options: DirectOptions,
  say: (line: string) => void,
  watch: ServerWatch = NO_WATCH,
): Promise<Report> {
  const dataDirectory = mkdtempSync(join(options.directory ?? tmpdir(), "parley-bench-"));
  try {
    const isPinned = options.isPinned && pinThisProcess(GENERATOR_CORE);
    say(
      isPinned
        ? `server on core ${SERVER_CORE}, load generator on core ${GENERATOR_CORE}`
        : "not pinned to cores",
    );
    say(`making ${options.pairs * 2} users in ${dataDirectory}`);
    const installation = await prepareInstallation({
      dataDirectory,
      userIds: userIdsOf(options.pairs),
      devicesPerUser: 1,
      isEncrypted: options.isEncrypted,
    });
    const bytesBefore = diskBytes(dataDirectory);
    const { nodeArguments } = watch;
    const core = isPinned ? { core: SERVER_CORE } : {};
    const server = await ServerProcess.start({ dataDirectory, nodeArguments, ...core });
    const readings: Reading[] = [];
    const read = async (): Promise<void> => {
      readings.push({
        stats: await server.stats(),
        cpuSeconds: processCpuSeconds(server.pid),
        generatorCpuSeconds: processCpuSeconds(process.pid),
      });
    };
    say(`warming up ${options.warmUpSeconds} s, then measuring ${options.seconds} s`);
    const result = await runDirect(options, installation, server.webSocketUrl, {
      onBegin: async () => {
        await watch.begin(server);
        await read();
      },
      onEnd: async () => {
        await read();
        await watch.end();
      },
    });
    const rssBytes = processRssBytes(server.pid);
    const bytesRunning = diskBytes(dataDirectory);
    const exit = await server.stop();
    const bytesAfter = diskBytes(dataDirectory);
    const [begin, end] = readings;
    if (begin === undefined || end === undefined) throw new Error("The counters were not read.");
    return {
      figures: {
        ...figuresOf(result, begin, end),
        server_rss_mb: thousandths(rssBytes / MEGABYTE),
        bytes_on_disk_per_message: thousandths((bytesAfter - bytesBefore) / result.verdict.acked),
        bytes_on_disk_per_message_before_stop: thousandths(
          (bytesRunning - bytesBefore) / result.verdict.acked,
        ),
        ...settingsOf(options),
        pinned: isPinned,
      },
      complaints: [
        ...complaintsAbout(options, result, exit.code),
        ...generatorComplaints((end.generatorCpuSeconds - begin.generatorCpuSeconds) / result.seconds),
      ],
    };
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

function settingsOf(options: DirectOptions): Figures {
  return {
    pairs: options.pairs,
    text_bytes: options.textBytes,
    window: options.window,
    rate: options.rate ?? null,
    transport: options.transport ?? "websocket",
    encrypted: options.isEncrypted,
    node: process.version,
  };
}

function figuresOf(result: DirectResult, begin: Reading, end: Reading): Figures {
  const { verdict, seconds, ack, delivery } = result;
  const cpuSeconds = end.cpuSeconds - begin.cpuSeconds;
  const fsyncs = end.stats.fsyncs - begin.stats.fsyncs;
  return {
    sent_per_s: thousandths(result.sent / seconds),
    acked_per_s: thousandths(result.acked / seconds),
    delivered_per_s: thousandths(result.delivered / seconds),
    ...quantiles("ack", ack),
    ...quantiles("deliver", delivery),
    lost: verdict.lost,
    duplicated: verdict.duplicated,
    misordered: verdict.misordered,
    server_cpu_s: thousandths(cpuSeconds),
    server_cpu_us_per_message: thousandths((cpuSeconds * 1e6) / result.acked),
    generator_cpu_s: thousandths(end.generatorCpuSeconds - begin.generatorCpuSeconds),
    fsyncs,
    messages_per_fsync: thousandths(result.acked / fsyncs),
    durability: end.stats.durability,
    messages: result.acked,
    messages_checked: verdict.acked,
    unanswered: verdict.unanswered,
    refused: result.refused,
    seconds: thousandths(seconds),
  };
}

export function quantiles(name: string, histogram: Histogram): Figures {
  return {
    [`${name}_p50_ms`]: thousandths(histogram.quantileMs(0.5)),
    [`${name}_p99_ms`]: thousandths(histogram.quantileMs(0.99)),
    [`${name}_p999_ms`]: thousandths(histogram.quantileMs(0.999)),
    [`${name}_max_ms`]: thousandths(histogram.maxMs),
  };
}

function complaintsAbout(plan: DirectPlan, result: DirectResult, exitCode: number | null): string[] {
  const { verdict } = result;
  const complaints: string[] = [];
  const zero = { ...verdict, refused: result.refused } as const;
  for (const key of ["lost", "duplicated", "misordered", "unanswered", "refused"] as const) {
    if (zero[key] !== 0) complaints.push(`${zero[key]} messages were ${key}.`);
  }
  for (const key of ["sent", "acked", "delivered"] as const) {
    if (result[key] === 0) complaints.push(`No message was ${key} in the measured time.`);
  }
  if (verdict.sent !== verdict.acked + verdict.unanswered || verdict.acked !== verdict.delivered) {
    complaints.push(`The counts do not agree: ${JSON.stringify(verdict)}.`);
  }
  if (result.ack.count === 0 || result.delivery.count === 0) complaints.push("No latency was measured.");
  if (result.seconds < plan.seconds * 0.99) complaints.push(`Only ${result.seconds} s were measured.`);
  if (exitCode !== 0) complaints.push(`The server ended with ${exitCode ?? "a signal"} instead of 0.`);
  if (plan.rate !== undefined && result.acked / result.seconds < plan.rate * 0.95) {
    complaints.push(`The server did not keep up with ${plan.rate} messages a second.`);
  }
  return complaints;
}
