/** Which messages are no longer kept, as the conversation machine said: all below a sequence that only grows. */
import type { Story } from "./run.js";

interface Trim {
  readonly firstVisible: number;
  readonly at: number;
}

export class Trims {
  /** By conversation, ascending. */
  readonly #trims: ReadonlyMap<number, readonly Trim[]>;

  constructor(trims: ReadonlyMap<number, readonly Trim[]>) {
    this.#trims = trims;
  }

  /** The first sequence that is kept; 1 when nothing was trimmed before `at`, by default before the end. */
  firstKept(conversation: number, at = Infinity): number {
    return this.#trims.get(conversation)?.findLast((trim) => trim.at < at)?.firstVisible ?? 1;
  }

  has(conversation: number, firstVisible: number): boolean {
    return this.#trims.get(conversation)?.some((trim) => trim.firstVisible === firstVisible) === true;
  }
}

export function indexTrims({ history }: Story): Trims {
  const { conversation, firstVisible, at } = history.trims;
  const trims = new Map<number, Trim[]>();
  for (let row = 0; row < at.length; row++) {
    const known = trims.get(conversation.at(row)) ?? [];
    trims.set(conversation.at(row), known);
    // A replay says it again.
    if (firstVisible.at(row) <= (known.at(-1)?.firstVisible ?? 0)) continue;
    known.push({ firstVisible: firstVisible.at(row), at: at.at(row) });
  }
  return new Trims(trims);
}
