/** What people have put into the inputs of cards, while the page lives: rows come and go while one scrolls. */
import type { KeptInput } from "./safe-card.js";

/** Cards of which it is kept, the last ones. */
export const KEPT_CARDS_MAX = 100;

const NONE: ReadonlyMap<string, KeptInput> = new Map();

export class KeptInputs {
  readonly #cards = new Map<string, ReadonlyMap<string, KeptInput>>();

  /** By any name of the card. */
  read(card: string): ReadonlyMap<string, KeptInput> {
    return this.#cards.get(card) ?? NONE;
  }

  keep(card: string, inputs: ReadonlyMap<string, KeptInput>): void {
    this.#cards.delete(card);
    if (inputs.size > 0) this.#cards.set(card, inputs);
    const [oldest] = this.#cards.keys();
    if (this.#cards.size > KEPT_CARDS_MAX && oldest !== undefined) this.#cards.delete(oldest);
  }
}
