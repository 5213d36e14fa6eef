/**
 * What became of every message of a group, for systems that do not tell its place in the conversation: the place of a message is
 * when the first of all members heard it, and everybody has to hear them in that order.
 */
import type { Verdict } from "../load/ledger.js";

const HEARD_FIRST = 1024;

export class RoomLedger {
  readonly #hasAcks: boolean;
  readonly #members: readonly Member[];
  readonly #intendedMs: number[] = [];
  /** By number less 1. */
  readonly #places: number[] = [];
  readonly #hearers: number[] = [];
  readonly #isAcked: boolean[] = [];
  #placed = 0;
  #acked = 0;
  #finished = 0;

  constructor(members: number, hasAcks: boolean) {
    this.#hasAcks = hasAcks;
    this.#members = Array.from({ length: members }, () => new Member());
  }

  /** Messages that all have heard, and that are acknowledged where the system does that. */
  get finished(): number {
    return this.#finished;
  }

  get isComplete(): boolean {
    return this.#finished === this.#intendedMs.length;
  }

  /** Notes a send and returns its number, from 1. */
  send(intendedMs: number): number {
    this.#places.push(0);
    this.#hearers.push(0);
    this.#isAcked.push(false);
    return this.#intendedMs.push(intendedMs);
  }

  /** When a message should have been sent. NaN for a number that was never sent. */
  intendedMs(number: number): number {
    return this.#intendedMs[number - 1] ?? Number.NaN;
  }

  /** Returns whether the message is finished with this. */
  acknowledge(number: number): boolean {
    if (this.#isAcked[number - 1] !== false) return false;
    this.#isAcked[number - 1] = true;
    this.#acked += 1;
    return this.#finish(number);
  }

  /** Returns whether the message is finished with this. */
  hear(member: number, number: number, isIntact: boolean): boolean {
    const hearer = this.#members[member]!;
    const index = number - 1;
    const known = this.#places[index];
    if (known === undefined) {
      hearer.misordered += 1;
      return false;
    }
    if (!hearer.note(index)) return false;
    const place = known === 0 ? (this.#places[index] = ++this.#placed) : known;
    if (place < hearer.lastPlace || !isIntact) hearer.misordered += 1;
    hearer.lastPlace = place;
    this.#hearers[index]! += 1;
    return this.#finish(number);
  }

  /** Whether all have heard it. */
  isHeard(number: number): boolean {
    return this.#hearers[number - 1] === this.#members.length;
  }

  verdict(): Verdict {
    const sum = { lost: 0, delivered: 0, duplicated: 0, misordered: 0 };
    for (const { delivered, duplicated, misordered } of this.#members) {
      sum.delivered += delivered;
      sum.duplicated += duplicated;
      sum.misordered += misordered;
    }
    for (const [index, count] of this.#hearers.entries())
      if (!this.#hasAcks || this.#isAcked[index] === true) sum.lost += this.#members.length - count;
    const sent = this.#intendedMs.length;
    return { sent, acked: this.#acked, unanswered: this.#hasAcks ? sent - this.#acked : 0, ...sum };
  }

  #finish(number: number): boolean {
    if (!this.isHeard(number) || (this.#hasAcks && this.#isAcked[number - 1] !== true)) return false;
    this.#finished += 1;
    return true;
  }
}

class Member {
  #heard = new Uint8Array(HEARD_FIRST);
  lastPlace = 0;
  delivered = 0;
  duplicated = 0;
  misordered = 0;

  /** Notes that it heard the message at an index. Returns whether it was the first time. */
  note(index: number): boolean {
    if (index >= this.#heard.length) {
      const larger = new Uint8Array(index * 2);
      larger.set(this.#heard);
      this.#heard = larger;
    }
    if (this.#heard[index] !== 0) {
      this.duplicated += 1;
      return false;
    }
    this.#heard[index] = 1;
    this.delivered += 1;
    return true;
  }
}
