/**
 * Takes the ambient sources of time and chance away while a simulation runs: whatever asks for them is not a function of
 * the seed. Asking throws, and the run fails with the stack.
 */
import crypto from "node:crypto";
import { performance } from "node:perf_hooks";

interface Source {
  readonly owner: object;
  readonly name: string;
}

const SOURCES: readonly Source[] = [
  { owner: Date, name: "now" },
  { owner: Math, name: "random" },
  { owner: performance, name: "now" },
  { owner: process, name: "hrtime" },
  { owner: globalThis, name: "setTimeout" },
  { owner: globalThis, name: "setInterval" },
  { owner: globalThis, name: "setImmediate" },
  { owner: globalThis, name: "fetch" },
  { owner: crypto, name: "randomBytes" },
  { owner: crypto, name: "randomUUID" },
  { owner: crypto, name: "randomFillSync" },
  { owner: crypto.webcrypto, name: "getRandomValues" },
];

/** Runs `body` without ambient time and chance. */
export async function withoutAmbient<T>(body: () => Promise<T>): Promise<T> {
  const asked: string[] = [];
  const restore = SOURCES.map(({ owner, name }) => poison(owner, name, asked));
  try {
    const result = await body();
    // Who asked may have swallowed the error.
    if (asked.length > 0) throw new Error(`The simulation asked the machine for ${asked[0]}.`);
    return result;
  } finally {
    for (const undo of restore) undo();
  }
}

function poison(owner: object, name: string, asked: string[]): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  const value = (): never => {
    const { stack } = new Error(`${name} was called in a simulation`);
    asked.push(stack ?? name);
    throw new Error(`${name} is not to be had in a simulation: take it from a port.`);
  };
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, before);
  };
}
