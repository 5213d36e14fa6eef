/** The server as a program: starts it, stops it on a signal, and ends at once on any failure of the disk. */
import { failureCode, messageOf, reasonOf } from "@parley/base";
import { jsonLogger, systemAmbient, youngGenerationBytes } from "@parley/base/node";
import { SETTINGS, parseConfig } from "./config.js";
import { type RunningServer, startServer } from "./serve.js";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
/** A server that does not stop by then is ended: everything acknowledged is on disk. */
const STOP_MS_MAX = 15_000;
/** Any length does; this one is the longest that a timer takes, rounded down. */
const HOLD_MS = 2_000_000_000;

/**
 * Runs a server until a signal stops it; the process then ends. Resolves when it listens.
 * Effects: prints the address, logs to stderr, takes SIGTERM and SIGINT. Ends the process itself when it cannot start:
 *   exit code 2 for a bad setting, 1 for everything else, with one line that says what to do.
 */
export async function runServer(args: readonly string[]): Promise<void> {
  try {
    await run(args);
  } catch (error) {
    process.stderr.write(`parley: ${messageOf(error)}\n`);
    process.exit(failureCode(error) === "bad-setting" ? EXIT_USAGE : EXIT_FAILURE);
  }
}

async function run(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    process.stdout.write(help());
    return;
  }
  const config = parseConfig(args, process.env);
  holdProcess();
  const ambient = systemAmbient(jsonLogger());
  const server = await startServer(config, ambient, (error) => {
    // Fail-stop: what is on disk is right, what is in memory may not be.
    ambient.logger.error("fatal", { error: reasonOf(error), code: failureCode(error) ?? "unexpected" });
    process.exit(EXIT_FAILURE);
  });
  announce(server, config.isJson);
  answerParent(server);
  const stop = (signal: string): void => {
    ambient.logger.info("stopping", { signal });
    setTimeout(() => process.exit(EXIT_FAILURE), STOP_MS_MAX).unref();
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        ambient.logger.error("stop-failed", { error: messageOf(error) });
        process.exit(EXIT_FAILURE);
      },
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

/** From here on the process ends by a decision of `run`, never because nothing happens to hold the event loop. */
function holdProcess(): void {
  setInterval(() => undefined, HOLD_MS);
}

function announce(server: RunningServer, isJson: boolean): void {
  if (isJson) process.stdout.write(`${JSON.stringify({ url: server.url, pid: process.pid })}\n`);
  else process.stdout.write(`\nParley is running. Open ${server.url}\n\n`);
}

/** A parent process (a test or a benchmark) may ask for figures over the IPC channel. */
function answerParent(server: RunningServer): void {
  process.on("message", (message: unknown) => {
    const type = (message as { type?: unknown } | undefined)?.type;
    if (type === "gc") globalThis.gc?.();
    if (type !== "stats" && type !== "gc") return;
    const { rss, heapUsed } = process.memoryUsage();
    const { connectionCount } = server.gateway;
    process.send?.({
      type,
      ...server.parley.stats(),
      rowsWritten: rowsWritten(server),
      connectionCount,
      rss,
      heapUsed,
      youngBytes: youngGenerationBytes(),
      durability: "fdatasync before every ack",
    });
  });
}

/** Rows that the services wrote, whether they are in the engine yet or not. */
function rowsWritten({ parley }: RunningServer): number {
  return parley.tableStatistics(0).tables.reduce((sum, { total }) => sum + total.rowsWritten, 0);
}

function help(): string {
  const lines = SETTINGS.map(
    ({ option, variable, fallback, help: text }) =>
      `  --${option.padEnd(18)} ${text} (${variable}, default ${fallback})`,
  );
  return `Starts a Parley server.\n\n${lines.join("\n")}\n  --json               print the address as JSON\n  --no-encryption      create a data directory that is not encrypted\n`;
}
