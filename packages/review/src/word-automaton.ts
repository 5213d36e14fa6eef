/**
 * Finds all of many words in one pass over a text (Aho and Corasick, "Efficient string matching", 1975).
 *
 *   Each state is a beginning of a word. `#fails` leads to the longest beginning that is an end of it, `#found` to the words that
 *   end there, the longest first.
 */

export interface Found {
  /** Index of the word. */
  readonly word: number;
  /** In units of the text. */
  readonly start: number;
  readonly end: number;
}

const UNITS = 0x1_00_00;

export class WordAutomaton {
  /** By state and unit, in one number: the next state. */
  readonly #next = new Map<number, number>();
  readonly #fails: number[] = [0];
  /** Words that end in a state; those of its failure states are included. */
  readonly #found: (readonly number[])[] = [[]];
  readonly #lengths: readonly number[];

  /** Cost: all units of all words. */
  constructor(words: readonly string[]) {
    this.#lengths = words.map(({ length }) => length);
    const children: number[][] = [[]];
    for (const [index, word] of words.entries()) {
      let state = 0;
      for (let at = 0; at < word.length; at++) {
        const key = state * UNITS + word.charCodeAt(at);
        let next = this.#next.get(key);
        if (next === undefined) {
          next = this.#found.length;
          this.#next.set(key, next);
          this.#found.push([]);
          children.push([]);
          children[state]!.push(key);
        }
        state = next;
      }
      this.#found[state] = [...this.#found[state]!, index];
    }
    this.#link(children);
  }

  get stateCount(): number {
    return this.#found.length;
  }

  /** Calls `take` for every word at every place, by its end, of the same end the longest first; stops when `take` says true. */
  search(text: string, take: (found: Found) => boolean): void {
    let state = 0;
    for (let at = 0; at < text.length; at++) {
      state = this.#step(state, text.charCodeAt(at));
      const found = this.#found[state]!;
      for (const word of found) {
        if (take({ word, start: at + 1 - this.#lengths[word]!, end: at + 1 })) return;
      }
    }
  }

  #step(from: number, unit: number): number {
    let state = from;
    for (;;) {
      const next = this.#next.get(state * UNITS + unit);
      if (next !== undefined) return next;
      if (state === 0) return 0;
      state = this.#fails[state]!;
    }
  }

  /** In the order of their length, so that the failure of a state is known before its children ask. */
  #link(children: readonly (readonly number[])[]): void {
    const queue: number[] = [];
    for (const key of children[0]!) {
      const state = this.#next.get(key)!;
      this.#fails[state] = 0;
      queue.push(state);
    }
    for (let head = 0; head < queue.length; head++) {
      const state = queue[head]!;
      for (const key of children[state]!) {
        const child = this.#next.get(key)!;
        const fail = this.#step(this.#fails[state]!, key % UNITS);
        this.#fails[child] = fail;
        this.#found[child] = [...this.#found[child]!, ...this.#found[fail]!];
        queue.push(child);
      }
    }
  }
}
