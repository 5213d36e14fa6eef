/**
 * A map from (owner, number) to an index, for numbers that are nearly 1, 2, 3 … for each owner: an array for each, and
 * a map for the few that a broken run puts far away.
 */
import { NONE } from "../history/column.js";

const FIRST_LENGTH = 16;
/** A number beyond this many times the array's length goes to the map. */
const LEAP_MAX = 4;

export class Ladder {
  readonly #rungs: (Uint32Array | undefined)[] = [];
  readonly #far = new Map<string, number>();
  readonly #lasts: number[] = [];
  readonly #counts: number[] = [];

  /** The highest number of an owner, 0 without any. */
  last(owner: number): number {
    return this.#lasts[owner] ?? 0;
  }

  /** How many numbers of an owner are set. */
  count(owner: number): number {
    return this.#counts[owner] ?? 0;
  }

  /** NONE where nothing is set. */
  get(owner: number, number: number): number {
    const rungs = this.#rungs[owner];
    if (rungs !== undefined && number < rungs.length) {
      const value = rungs[number]!;
      if (value !== NONE || this.#far.size === 0) return value;
    }
    return this.#far.size === 0 ? NONE : (this.#far.get(`${owner}/${number}`) ?? NONE);
  }

  /** Sets what is not set yet. */
  set(owner: number, number: number, value: number): void {
    const rungs = this.#rungs[owner] ?? new Uint32Array(0);
    if (number < rungs.length) rungs[number] = value;
    else if (number < Math.max(rungs.length, FIRST_LENGTH) * LEAP_MAX) {
      const grown = new Uint32Array(Math.max(FIRST_LENGTH, rungs.length * 2, number + 1)).fill(NONE);
      grown.set(rungs);
      grown[number] = value;
      this.#rungs[owner] = grown;
    } else this.#far.set(`${owner}/${number}`, value);
    if (number > (this.#lasts[owner] ?? 0)) this.#lasts[owner] = number;
    this.#counts[owner] = (this.#counts[owner] ?? 0) + 1;
  }

  /** The first numbers of the holes from 1 to the last number. Cost: the numbers that are set. */
  holes(owner: number): readonly number[] {
    const last = this.last(owner);
    if (this.count(owner) - (this.get(owner, 0) === NONE ? 0 : 1) >= last) return [];
    const set: number[] = [];
    const rungs = this.#rungs[owner] ?? [];
    for (let number = 1; number < rungs.length; number++) if (rungs[number] !== NONE) set.push(number);
    for (const key of this.#far.keys()) {
      const [of, number] = key.split("/");
      if (Number(of) === owner) set.push(Number(number));
    }
    set.sort((a, b) => a - b);
    const holes: number[] = [];
    let before = 0;
    for (const number of set) {
      if (number > before + 1) holes.push(before + 1);
      before = number;
    }
    return holes;
  }
}
