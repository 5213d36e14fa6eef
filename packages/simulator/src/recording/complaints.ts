import type { Report } from "@parley/checker";

/** What the checker found, one sentence for each kind of anomaly: its code, how often, and the smallest examples. */
export function complaintsOf({ anomalies }: Report): readonly string[] {
  return anomalies.map(
    ({ invariant, code, count, examples }) => `${invariant} ${code} (${count}): ${examples.join(" | ")}`,
  );
}
