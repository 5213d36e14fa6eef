/** The terminal that the process has. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Failure } from "@parley/base";
import type { Terminal } from "./terminal.js";

const COLUMNS_DEFAULT = 80;

export const systemTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (text) => void process.stderr.write(text),
  isInteractive: process.stderr.isTTY,
  columns: process.stderr.columns ?? COLUMNS_DEFAULT,
  readSecret,
};

async function readSecret(prompt: string): Promise<string> {
  const isTyped = process.stdin.isTTY;
  if (isTyped) process.stderr.write(prompt);
  // readline echoes to its output: this one swallows it.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: isTyped });
  try {
    for await (const line of lines) return line;
    throw new Failure("bad-request", "No password came on standard input.");
  } finally {
    lines.close();
    if (isTyped) process.stderr.write("\n");
  }
}
