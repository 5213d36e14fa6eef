/** The command line as a test runs it: words in, what it printed out. */
import { systemAmbient } from "@parley/base/node";
import { type RunningServer, parseConfig, startServer } from "@parley/server";
import { type Terminal, runProgram } from "../index.js";

export interface Outcome {
  readonly exitCode: number;
  readonly out: readonly string[];
  readonly err: string;
}

/** Runs a command; `secret` is what is typed when one is asked for. */
export async function runWords(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  secret = "",
): Promise<Outcome> {
  const out: string[] = [];
  let err = "";
  const terminal: Terminal = {
    out: (line) => out.push(line),
    err: (text) => (err += text),
    isInteractive: false,
    columns: 80,
    readSecret: () => Promise.resolve(secret),
  };
  const exitCode = await runProgram(words, { terminal, ambient: systemAmbient(), env });
  return { exitCode, out, err };
}

/** Works with a server on a data directory. */
export async function withServerOn<T>(
  data: string,
  work: (server: RunningServer) => Promise<T>,
  demo: "on" | "off" = "off",
): Promise<T> {
  const config = parseConfig(["--data", data, "--port", "0", "--demo", demo], {});
  const server = await startServer(config, systemAmbient(), (error) => {
    throw error;
  });
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}
