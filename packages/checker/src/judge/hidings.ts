/** What users deleted for themselves: as they asked for it, and as their queues say. */
import { NONE } from "../history/column.js";
import { EVENT_KINDS, OPERATION_KINDS, OUTCOME } from "../history/history.js";
import { PairMap } from "./pair-map.js";
import type { Story } from "./run.js";

export interface Hiding {
  /** When it was asked for first, unless it was refused; NONE: it is only in the queue. */
  askedAt: number;
  /** When it was confirmed first; NONE: never. */
  confirmedAt: number;
  isQueued: boolean;
}

const HIDE = OPERATION_KINDS.indexOf("hide");
const HIDDEN = EVENT_KINDS.indexOf("hidden");

export class Hidings {
  /** Conversation and user to sequence. */
  readonly #hidings = new PairMap<Map<number, Hiding>>();

  of(conversation: number, user: number): ReadonlyMap<number, Hiding> | undefined {
    return this.#hidings.find(conversation, user);
  }

  /** Somebody other than `user` who asked to hide a message, or undefined. */
  findOther(conversation: number, sequence: number, user: number): number | undefined {
    for (const [other, hidings] of this.#hidings.row(conversation) ?? [])
      if (other !== user && hidings.has(sequence)) return other;
    return undefined;
  }

  need(conversation: number, user: number, sequence: number): Hiding {
    const hidings = this.#hidings.need(conversation, user, () => new Map<number, Hiding>());
    const known = hidings.get(sequence);
    if (known !== undefined) return known;
    const hiding = { askedAt: NONE, confirmedAt: NONE, isQueued: false };
    hidings.set(sequence, hiding);
    return hiding;
  }
}

export function indexHidings({ history }: Story): Hidings {
  const { operations, assigned, devices, lists } = history;
  const hidings = new Hidings();
  for (let operation = 0; operation < operations.at.length; operation++) {
    if (operations.kind.at(operation) !== HIDE) continue;
    if (operations.outcome.at(operation) === OUTCOME.failed) continue;
    const { user } = devices[operations.device.at(operation)]!;
    for (const sequence of lists[operations.detail.at(operation)] ?? []) {
      const hiding = hidings.need(operations.conversation.at(operation), user, sequence);
      hiding.askedAt = Math.min(hiding.askedAt, operations.at.at(operation));
      hiding.confirmedAt = Math.min(hiding.confirmedAt, operations.endedAt.at(operation));
    }
  }
  for (let row = 0; row < assigned.at.length; row++) {
    if (assigned.kind.at(row) !== HIDDEN) continue;
    for (const sequence of lists[assigned.list.at(row)] ?? [])
      hidings.need(assigned.conversation.at(row), assigned.user.at(row), sequence).isQueued = true;
  }
  return hidings;
}
