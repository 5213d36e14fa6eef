/**
 * What became of every message of a group: who heard what, and in which order.
 *
 *   1. Each message that was acknowledged is heard by everybody exactly once.
 *   2. Everybody hears the sequences of the conversation one after another, without a hole.
 *   3. The sequence that was acknowledged is the one that is heard, with the text that was sent.
 */
import type { Verdict } from "./ledger.js";

export class GroupLedger {
  readonly #intendedMs: number[] = [];
  /** By number: the sequence that was acknowledged, or heard first. */
  readonly #sequences: number[] = [];
  readonly #isAcked: boolean[] = [];
  readonly #hearers: Hearer[] = [];
  #acked = 0;

  get inFlight(): number {
    return this.#intendedMs.length - this.#acked;
  }

  get isComplete(): boolean {
    return this.inFlight === 0 && this.#hearers.every(({ delivered }) => delivered >= this.#acked);
  }

  /** Somebody who has heard everything up to `lastSequence`. */
  addHearer(lastSequence: number): Hearer {
    const hearer = new Hearer(lastSequence, (number, sequence) => this.#place(number, sequence));
    this.#hearers.push(hearer);
    return hearer;
  }

  /** Notes a send and returns its number, from 1. */
  send(intendedMs: number): number {
    this.#sequences.push(0);
    this.#isAcked.push(false);
    return this.#intendedMs.push(intendedMs);
  }

  /** When a message should have been sent. NaN for a number that was never sent. */
  intendedMs(number: number): number {
    return this.#intendedMs[number - 1] ?? Number.NaN;
  }

  /** Returns whether the answer fits what was heard. */
  acknowledge(number: number, sequence: number): boolean {
    if (this.#isAcked[number - 1] !== false) return false;
    this.#isAcked[number - 1] = true;
    this.#acked += 1;
    return this.#place(number, sequence);
  }

  verdict(): Verdict {
    const sum = { lost: 0, duplicated: 0, misordered: 0, delivered: 0 };
    for (const hearer of this.#hearers) {
      sum.delivered += hearer.delivered;
      sum.duplicated += hearer.duplicated;
      sum.misordered += hearer.misordered;
      for (const [index, isAcked] of this.#isAcked.entries())
        if (isAcked && !hearer.hasHeard(index + 1)) sum.lost += 1;
    }
    const { inFlight: unanswered } = this;
    return { sent: this.#intendedMs.length, acked: this.#acked, unanswered, ...sum };
  }

  #place(number: number, sequence: number): boolean {
    const known = this.#sequences[number - 1];
    if (known === undefined) return false;
    if (known === 0) this.#sequences[number - 1] = sequence;
    return known === 0 || known === sequence;
  }
}

/** One device that hears the group. */
export class Hearer {
  readonly #place: (number: number, sequence: number) => boolean;
  readonly #heard: boolean[] = [];
  #lastSequence: number;
  delivered = 0;
  duplicated = 0;
  misordered = 0;

  constructor(lastSequence: number, place: (number: number, sequence: number) => boolean) {
    this.#lastSequence = lastSequence;
    this.#place = place;
  }

  hasHeard(number: number): boolean {
    return this.#heard[number] === true;
  }

  /** Hears a message; `number` is 0 for one that is not of the load, such as a notice. */
  hear(sequence: number, number: number, isIntact: boolean): void {
    if (sequence <= this.#lastSequence) {
      this.duplicated += 1;
      return;
    }
    if (sequence !== this.#lastSequence + 1) this.misordered += 1;
    this.#lastSequence = sequence;
    if (number === 0) return;
    if (this.#heard[number] === true) this.duplicated += 1;
    else this.delivered += 1;
    this.#heard[number] = true;
    if (!isIntact || !this.#place(number, sequence)) this.misordered += 1;
  }
}
