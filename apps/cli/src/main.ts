/** Entry of the process. */
import { jsonLogger, systemAmbient } from "@parley/base/node";
import { runProgram } from "./program.js";
import { systemTerminal } from "./terminal/system-terminal.js";

/** The engine's timers do not keep a process alive; a command that waits for one does. */
const KEEP_ALIVE_MS = 60_000;
const keepAlive = setInterval(() => undefined, KEEP_ALIVE_MS);

// Whoever reads our output may stop early ("| head"): that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

const ambient = systemAmbient(jsonLogger());
process.exitCode = await runProgram(process.argv.slice(2), {
  terminal: systemTerminal,
  ambient,
  env: process.env,
});
clearInterval(keepAlive);
