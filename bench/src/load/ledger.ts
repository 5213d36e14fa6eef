/**
 * What became of every message of one sender: the part of the bench that decides whether the server kept its word.
 *
 *   1. Each message that was acknowledged is delivered exactly once.
 *   2. Deliveries come in the order of the sender's numbers and of the sequences, without a hole.
 *   3. The sequence that was acknowledged is the sequence that was delivered, with the text that was sent.
 */

export interface Verdict {
  readonly sent: number;
  readonly acked: number;
  readonly delivered: number;
  /** Acknowledged and not delivered. */
  readonly lost: number;
  /** Deliveries beyond the first of a message. */
  readonly duplicated: number;
  /** Deliveries out of order, with a hole before them, or not equal to what was acknowledged or sent. */
  readonly misordered: number;
  /** Sent, and neither acknowledged nor refused. */
  readonly unanswered: number;
}

export class Ledger {
  readonly #intendedMs: number[] = [];
  readonly #ackedSequences: number[] = [];
  readonly #deliveredSequences: number[] = [];
  #acked = 0;
  #delivered = 0;
  #duplicated = 0;
  #misordered = 0;
  #lastNumber = 0;
  #lastSequence = 0;

  /** Messages sent and not acknowledged. */
  get inFlight(): number {
    return this.#intendedMs.length - this.#acked;
  }

  /** Messages that are acknowledged and delivered. Exact when both come in order. */
  get finished(): number {
    return Math.min(this.#acked, this.#delivered);
  }

  get delivered(): number {
    return this.#delivered;
  }

  get sent(): number {
    return this.#intendedMs.length;
  }

  get isComplete(): boolean {
    return this.#acked === this.#intendedMs.length && this.#delivered >= this.#acked;
  }

  /** Notes a send and returns its number, from 1. */
  send(intendedMs: number): number {
    this.#intendedMs.push(intendedMs);
    this.#ackedSequences.push(0);
    this.#deliveredSequences.push(0);
    return this.#intendedMs.length;
  }

  /** When a message should have been sent. NaN for a number that was never sent. */
  intendedMs(number: number): number {
    return this.#intendedMs[number - 1] ?? Number.NaN;
  }

  acknowledge(number: number, sequence: number): void {
    const known = this.#ackedSequences[number - 1];
    if (known !== 0 || sequence === 0) {
      this.#misordered += 1;
      return;
    }
    this.#ackedSequences[number - 1] = sequence;
    this.#acked += 1;
  }

  deliver(number: number, sequence: number, isIntact: boolean): void {
    const known = this.#deliveredSequences[number - 1];
    if (known === undefined) {
      this.#misordered += 1;
      return;
    }
    if (known !== 0) {
      this.#duplicated += 1;
      return;
    }
    this.#deliveredSequences[number - 1] = sequence;
    this.#delivered += 1;
    const isFirst = this.#lastNumber === 0;
    const isNext = number === this.#lastNumber + 1 && (isFirst || sequence === this.#lastSequence + 1);
    if (!isNext || !isIntact) this.#misordered += 1;
    this.#lastNumber = Math.max(this.#lastNumber, number);
    this.#lastSequence = Math.max(this.#lastSequence, sequence);
  }

  verdict(): Verdict {
    let lost = 0;
    let different = 0;
    for (const [index, acked] of this.#ackedSequences.entries()) {
      const delivered = this.#deliveredSequences[index] ?? 0;
      if (acked > 0 && delivered === 0) lost += 1;
      else if (acked > 0 && delivered !== acked) different += 1;
    }
    return {
      sent: this.#intendedMs.length,
      acked: this.#acked,
      delivered: this.#delivered,
      lost,
      duplicated: this.#duplicated,
      misordered: this.#misordered + different,
      unanswered: this.inFlight,
    };
  }
}

/** The sum of verdicts. */
export function sumOf(verdicts: readonly Verdict[]): Verdict {
  const sum = { sent: 0, acked: 0, delivered: 0, lost: 0, duplicated: 0, misordered: 0, unanswered: 0 };
  for (const verdict of verdicts) {
    for (const key of Object.keys(sum) as (keyof Verdict)[]) sum[key] += verdict[key];
  }
  return sum;
}
