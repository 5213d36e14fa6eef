/** A map whose keys are two indexes. */
export class PairMap<Value> {
  readonly #rows = new Map<number, Map<number, Value>>();

  find(a: number, b: number): Value | undefined {
    return this.#rows.get(a)?.get(b);
  }

  set(a: number, b: number, value: Value): void {
    const row = this.#rows.get(a);
    if (row === undefined) this.#rows.set(a, new Map([[b, value]]));
    else row.set(b, value);
  }

  /** The value, made when there is none. */
  need(a: number, b: number, make: () => Value): Value {
    const known = this.find(a, b);
    if (known !== undefined) return known;
    const made = make();
    this.set(a, b, made);
    return made;
  }

  row(a: number): ReadonlyMap<number, Value> | undefined {
    return this.#rows.get(a);
  }

  *entries(): Generator<readonly [number, number, Value]> {
    for (const [a, row] of this.#rows) for (const [b, value] of row) yield [a, b, value];
  }
}
