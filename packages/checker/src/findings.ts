/** Collects anomalies: counts all, keeps the smallest examples. */
import { ANOMALY_CODES, type AnomalyCode } from "./anomaly-codes.js";
import type { Anomaly } from "./report.js";

/** Enough to see a pattern. */
export const EXAMPLES_MAX = 3;

interface Finding {
  count: number;
  readonly examples: { readonly size: number; readonly text: string }[];
}

export class Findings {
  readonly #findings = new Map<AnomalyCode, Finding>();

  /** `size` orders the examples: a sequence, a PTS. The text is made only for an example that is kept. */
  add(code: AnomalyCode, size: number, describe: () => string): void {
    let finding = this.#findings.get(code);
    if (finding === undefined) this.#findings.set(code, (finding = { count: 0, examples: [] }));
    finding.count++;
    const { examples } = finding;
    if (examples.length === EXAMPLES_MAX && size >= examples[EXAMPLES_MAX - 1]!.size) return;
    const place = examples.findIndex((example) => example.size > size);
    examples.splice(place < 0 ? examples.length : place, 0, { size, text: describe() });
    examples.length = Math.min(examples.length, EXAMPLES_MAX);
  }

  /** In the order of the invariants. */
  anomalies(): readonly Anomaly[] {
    const codes = Object.keys(ANOMALY_CODES) as AnomalyCode[];
    return codes.flatMap((code) => {
      const finding = this.#findings.get(code);
      if (finding === undefined) return [];
      const examples = finding.examples.map(({ text }) => text);
      return [{ invariant: ANOMALY_CODES[code], code, count: finding.count, examples }];
    });
  }
}
