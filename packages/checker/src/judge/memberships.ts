/** Who was a member of what, from where to where: as the machines said, and as acknowledged operations demand. */
import { NONE } from "../history/column.js";
import { type History, OPERATION_KINDS, OUTCOME } from "../history/history.js";
import { PairMap } from "./pair-map.js";
import type { Story } from "./run.js";

/** A user is a member for the messages above `after`, up to `last`. */
export interface Period {
  readonly firstVisible: number;
  readonly after: number;
  /** NONE: still a member. */
  last: number;
}

/** An operation that made or ended a membership. */
interface Change {
  readonly isRemoval: boolean;
  readonly isOk: boolean;
  readonly invokedAt: number;
  /** NONE: unknown. */
  readonly endedAt: number;
  readonly operation: number;
}

const [CREATE, ADD, REMOVE] = (["create", "add", "remove"] as const).map((kind) =>
  OPERATION_KINDS.indexOf(kind),
);

export class Memberships {
  /** By conversation and user; empty when the history does not say. */
  readonly periods = new PairMap<Period[]>();
  /** By conversation and user, in the order of invoking. */
  readonly changes = new PairMap<Change[]>();
  readonly isTold: boolean;

  constructor(isTold: boolean) {
    this.isTold = isTold;
  }

  /** The period that lasts to the end of the run. */
  current(conversation: number, user: number): Period | undefined {
    const last = this.periods.find(conversation, user)?.at(-1);
    return last !== undefined && last.last === NONE ? last : undefined;
  }

  /**
   * What acknowledged operations say of a user from one step to another: a change that was acknowledged before holds, if
   * no opposite one was under way after it began. Undefined: it may be either.
   */
  certain(changes: readonly Change[], fromAt: number, toAt: number): Change | undefined {
    return changes.find(
      (change) =>
        change.isOk &&
        change.endedAt < fromAt &&
        !changes.some(
          (other) =>
            other.isRemoval !== change.isRemoval &&
            other.endedAt > change.invokedAt &&
            other.invokedAt < toAt,
        ),
    );
  }
}

export function indexMemberships(story: Story): Memberships {
  const memberships = new Memberships(story.history.membership.at.length > 0);
  indexPeriods(story, memberships);
  indexChanges(story, memberships);
  return memberships;
}

function indexPeriods({ history, findings, speaker }: Story, memberships: Memberships): void {
  const { membership } = history;
  const told = new PairMap<Map<string, number>>();
  for (let row = 0; row < membership.at.length; row++) {
    const conversation = membership.conversation.at(row);
    const user = membership.user.at(row);
    const lastSequence = membership.lastSequence.at(row);
    const firstVisible = membership.firstVisible.at(row);
    const isMember = membership.isMember.at(row) === 1;
    // A replay says it again, and nobody joins or leaves twice after one message.
    const key = `${isMember ? "joined" : "left"} ${lastSequence}`;
    const known = told.need(conversation, user, () => new Map<string, number>());
    const before = known.get(key);
    if (before !== undefined) {
      if (before !== firstVisible) {
        findings.add(
          "told-differently",
          lastSequence,
          () =>
            `${speaker.user(user)} joined after ${speaker.place(conversation, lastSequence)} and sees from ` +
            `${before}, and after a replay from ${firstVisible}.`,
        );
      }
      continue;
    }
    known.set(key, firstVisible);
    const periods = memberships.periods.need(conversation, user, () => []);
    if (isMember) periods.push({ firstVisible, after: lastSequence, last: NONE });
    else {
      const current = periods.at(-1);
      if (current !== undefined && current.last === NONE) current.last = lastSequence;
    }
  }
}

function indexChanges({ history }: Story, memberships: Memberships): void {
  const { operations, lists } = history;
  const begunAt = beginnings(history);
  for (let operation = 0; operation < operations.at.length; operation++) {
    const kind = operations.kind.at(operation);
    if (kind !== CREATE && kind !== ADD && kind !== REMOVE) continue;
    const outcome = operations.outcome.at(operation);
    const conversation = operations.conversation.at(operation);
    if (outcome === OUTCOME.failed || conversation === NONE) continue;
    // Creating what is there changes nobody; a repeated creation, whose first answer was lost, finds it there too.
    if (kind === CREATE && (begunAt.get(conversation) ?? -1) < operations.at.at(operation)) continue;
    const change = {
      isRemoval: kind === REMOVE,
      isOk: outcome === OUTCOME.ok,
      invokedAt: operations.at.at(operation),
      endedAt: operations.endedAt.at(operation),
      operation,
    };
    for (const user of new Set(lists[operations.detail.at(operation)]))
      memberships.changes.need(conversation, user, () => []).push(change);
  }
}

/** When a machine spoke of each conversation first. */
function beginnings({ membership, placed }: History): ReadonlyMap<number, number> {
  const begunAt = new Map<number, number>();
  for (const { conversation, at } of [membership, placed]) {
    for (let row = 0; row < at.length; row++) {
      const index = conversation.at(row);
      begunAt.set(index, Math.min(begunAt.get(index) ?? Infinity, at.at(row)));
    }
  }
  return begunAt;
}
