/** Gives each distinct text a small number, and the text back. */
export class Names {
  readonly #indexes = new Map<string, number>();
  readonly #texts: string[] = [];

  get count(): number {
    return this.#texts.length;
  }

  indexOf(text: string): number {
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    const index = this.#texts.length;
    this.#texts.push(text);
    this.#indexes.set(text, index);
    return index;
  }

  /** The text of an index that `indexOf` gave. */
  text(index: number): string {
    return this.#texts[index] ?? "?";
  }
}
