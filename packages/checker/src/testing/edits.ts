/** Changes to a script: each hits at least one call, or the test is wrong. */
import assert from "node:assert/strict";
import type { Call } from "./script.js";

export type Edit = (calls: readonly Call[]) => readonly Call[];

/** Picks calls by their name and by what their values must have. */
type Pick = readonly [name: Call[0], ...has: readonly unknown[]];

export const change =
  (pick: Pick, changes: object): Edit =>
  (calls) =>
    replaceEach(calls, pick, (call) => [
      call.map((value: unknown) =>
        typeof value === "object" && value !== null ? { ...value, ...changes } : value,
      ) as unknown as Call,
    ]);

export const drop =
  (...pick: Pick): Edit =>
  (calls) =>
    replaceEach(calls, pick, () => []);

export const replace =
  (pick: Pick, ...others: readonly Call[]): Edit =>
  (calls) =>
    replaceEach(calls, pick, () => others);

export const after =
  (pick: Pick, ...others: readonly Call[]): Edit =>
  (calls) =>
    replaceEach(calls, pick, (call) => [call, ...others]);

export const append =
  (...others: readonly Call[]): Edit =>
  (calls) => [...calls, ...others];

export const all =
  (...edits: readonly Edit[]): Edit =>
  (calls) =>
    edits.reduce((result, edit) => edit(result), calls);

function replaceEach(
  calls: readonly Call[],
  [name, ...has]: Pick,
  by: (call: Call) => readonly Call[],
): readonly Call[] {
  const isPicked = (call: Call): boolean =>
    call[0] === name && has.every((expected, index) => hasAll(call[index + 1], expected));
  assert(calls.some(isPicked), `no call is ${name} ${JSON.stringify(has)}`);
  return calls.flatMap((call) => (isPicked(call) ? by(call) : [call]));
}

function hasAll(value: unknown, expected: unknown): boolean {
  if (typeof expected !== "object" || expected === null) return value === expected;
  return Object.entries(expected).every(
    ([key, part]) => (value as Record<string, unknown> | undefined)?.[key] === part,
  );
}
