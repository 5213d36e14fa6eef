/**
 * The keys of a stream that are seen most, in bounded memory. Source: Metwally, Agrawal, El Abbadi, "Efficient Computation of
 * Frequent and Top-k Elements in Data Streams", 2005.
 *
 * Invariants:
 *   1. The weight of a counted key is at most `count`, and at least `count - error`.
 *   2. A key that makes up more than 1 / `capacity` of all weight is counted.
 *   3. No key in the heap is counted more often than those below it.
 */

/** A key that is counted, and where. */
export interface Heavy {
  readonly key: string;
  /** From 0 to capacity - 1, until another key takes its place. */
  readonly slot: number;
  readonly count: number;
  /** What of the count may be that of others. */
  readonly error: number;
}

/** Cost: about 100 bytes a slot and the keys; an addition takes a step for each doubling of the capacity at most. */
export class SpaceSaving {
  readonly #capacity: number;
  readonly #slots = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #counts: Float64Array;
  readonly #errors: Float64Array;
  /** Slots, the least counted first, and where in it each slot stands. */
  readonly #heap: Uint16Array;
  readonly #places: Uint16Array;

  /** `capacity` is 1 to 65,536. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#counts = new Float64Array(capacity);
    this.#errors = new Float64Array(capacity);
    this.#heap = new Uint16Array(capacity);
    this.#places = new Uint16Array(capacity);
  }

  /** Adds to the count of a key. Returns its slot, as -1 - slot when another key had it until now or nobody did. */
  add(key: string, weight: number): number {
    const known = this.#slots.get(key);
    if (known !== undefined) {
      this.#counts[known]! += weight;
      this.#sink(known);
      return known;
    }
    const slot = this.#slots.size < this.#capacity ? this.#takeFree() : this.#takeLeast();
    this.#slots.set(key, slot);
    this.#keys[slot] = key;
    this.#counts[slot]! += weight;
    this.#sink(slot);
    return -1 - slot;
  }

  /** Those counted most, in falling order. Cost: sorts all. */
  heaviest(limit: number): readonly Heavy[] {
    return [...this.#slots]
      .map(([key, slot]) => ({ key, slot, count: this.#counts[slot]!, error: this.#errors[slot]! }))
      .toSorted((left, right) => right.count - left.count)
      .slice(0, limit);
  }

  clear(): void {
    this.#slots.clear();
    this.#keys.length = 0;
    this.#counts.fill(0);
    this.#errors.fill(0);
  }

  /** A new slot counts nothing yet, so it belongs to the top of the heap: it changes places with those above it. */
  #takeFree(): number {
    const slot = this.#slots.size;
    let place = slot;
    for (; place > 0; place = (place - 1) >> 1) {
      const above = this.#heap[(place - 1) >> 1]!;
      this.#put(above, place);
    }
    this.#put(slot, 0);
    return slot;
  }

  #takeLeast(): number {
    const slot = this.#heap[0]!;
    this.#slots.delete(this.#keys[slot]!);
    this.#errors[slot] = this.#counts[slot]!;
    return slot;
  }

  #sink(slot: number): void {
    const count = this.#counts[slot]!;
    const size = this.#slots.size;
    let place = this.#places[slot]!;
    for (let child = 2 * place + 1; child < size; child = 2 * place + 1) {
      const isRightLess =
        child + 1 < size && this.#counts[this.#heap[child + 1]!]! < this.#counts[this.#heap[child]!]!;
      const least = isRightLess ? child + 1 : child;
      const below = this.#heap[least]!;
      if (this.#counts[below]! >= count) break;
      this.#put(below, place);
      place = least;
    }
    this.#put(slot, place);
  }

  #put(slot: number, place: number): void {
    this.#heap[place] = slot;
    this.#places[slot] = place;
  }
}
