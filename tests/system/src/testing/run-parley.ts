import { systemAmbient } from "@parley/base/node";
import { type Context, runProgram } from "@parley/cli";

/** Runs a command in this process. Returns its exit code, and what it said. */
export async function runParley(
  words: readonly string[],
): Promise<{ readonly exitCode: number; readonly said: readonly string[] }> {
  const said: string[] = [];
  const context: Context = {
    terminal: {
      out: (line) => void said.push(line),
      err: (text) => void said.push(text),
      isInteractive: false,
      columns: 80,
      readSecret: () => Promise.reject(new Error("nothing to read")),
    },
    ambient: systemAmbient(),
    env: {},
  };
  return { exitCode: await runProgram(words, context), said };
}
