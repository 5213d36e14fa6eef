/**
 * The user machine: gives every event its PTS in the queue of each user who gets it, and keeps that user's conversation
 * list. Pure function of the user log, like the conversation machine. Invariants:
 *
 *   U1  PTS of a queue are 1, 2, 3 … without a hole.
 *   U2  A user's list entry equals applyEvent() over that user's events, which is what a device computes.
 *   U3  A record at or below the applied offset is not applied again.
 *   U4  Events of other modules are opaque: they get a PTS and change nothing else.
 */
import {
  type ConversationEntry,
  type ConversationId,
  type Event,
  type TenantId,
  type UserId,
  type Infer,
  Event as EventSchema,
  applyEvent,
  conversationOf,
  decode,
  emptyEntry,
  encode,
  schema,
  uint,
} from "@parley/protocol";
import type { UserRecord } from "./user-record.js";
import { DONE, type Verdict, refused } from "./verdict.js";

/** user-head, sort (). */
export const UserHeadRow = schema("UserHeadRow", {
  /** Offset of the last applied record, plus one. */
  applied: uint(1),
  /** Names the installation's queues: rebuilt ones get another epoch, so that positions in the old are never taken. */
  epoch: uint(2),
  /** The last PTS given. */
  pts: uint(3),
});
export type UserHeadRow = Infer<typeof UserHeadRow>;

export interface UserState {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  head: UserHeadRow;
  /** Entries that were needed so far; those that a record touches are loaded before it is applied. */
  readonly entries: Map<ConversationId, ConversationEntry>;
}

/** What one record did to one user. */
export interface UserOutcome {
  readonly state: UserState;
  readonly firstPts: number;
  /** Encoded events, the first at `firstPts`. */
  readonly events: Uint8Array[];
  /** Entries to write. */
  readonly entries: Set<ConversationId>;
  /** Messages hidden by this user. */
  readonly hidden:
    | { readonly conversationId: ConversationId; readonly sequences: readonly number[] }
    | undefined;
}

/** An event of a record, decoded once for all who get it. */
export interface UserStep {
  readonly userIds: readonly UserId[];
  readonly bytes: Uint8Array;
  /** Undefined for an opaque event. */
  readonly event: Event | undefined;
  readonly conversationId: ConversationId | undefined;
}

/** The events that a record holds. */
export function stepsOf(record: UserRecord): readonly UserStep[] {
  if (record.hide !== undefined) {
    const { userId, conversationId, sequences } = record.hide;
    const bytes = encode(EventSchema, { hidden: { conversationId, sequences } });
    return [{ userIds: [userId], bytes, event: decode(EventSchema, bytes), conversationId }];
  }
  return record.spreads.map((spread) => {
    if (spread.module !== "") {
      return { userIds: spread.userIds, bytes: spread.event, event: undefined, conversationId: undefined };
    }
    const event = decode(EventSchema, spread.event);
    return { userIds: spread.userIds, bytes: spread.event, event, conversationId: conversationOf(event) };
  });
}

/**
 * Applies the record at `offset` to every user it names. `find` returns a user's state, loaded with the entries that the
 * record touches; states are changed in place.
 */
export function applyUserRecord(
  record: UserRecord,
  offset: number,
  steps: readonly UserStep[],
  find: (userId: UserId) => UserState,
): { readonly outcomes: readonly UserOutcome[]; readonly verdict: Verdict } {
  const outcomes = new Map<UserId, UserOutcome>();
  if (record.hide !== undefined && !mayHide(find(record.hide.userId), record.hide)) {
    return { outcomes: [], verdict: refused("bad-request") };
  }
  for (const step of steps) {
    for (const userId of step.userIds) {
      const known = outcomes.get(userId);
      if (known === undefined && offset < find(userId).head.applied) continue;
      const outcome = known ?? begin(find(userId), record, offset);
      if (known === undefined) outcomes.set(userId, outcome);
      applyStep(outcome, step);
    }
  }
  return { outcomes: [...outcomes.values()], verdict: DONE };
}

function mayHide(state: UserState, hide: NonNullable<UserRecord["hide"]>): boolean {
  const entry = state.entries.get(hide.conversationId);
  if (entry === undefined) return false;
  return hide.sequences.every((sequence) => sequence >= entry.firstVisible && sequence <= entry.lastSequence);
}

function begin(state: UserState, record: UserRecord, offset: number): UserOutcome {
  state.head = {
    applied: offset + 1,
    epoch: state.head.epoch,
    pts: state.head.pts,
  };
  const hidden =
    record.hide === undefined
      ? undefined
      : { conversationId: record.hide.conversationId, sequences: record.hide.sequences };
  return { state, firstPts: state.head.pts + 1, events: [], entries: new Set(), hidden };
}

function applyStep(outcome: UserOutcome, step: UserStep): void {
  const { state } = outcome;
  outcome.events.push(step.bytes);
  state.head = { applied: state.head.applied, epoch: state.head.epoch, pts: state.head.pts + 1 };
  if (step.event === undefined || step.conversationId === undefined) return;
  const before = state.entries.get(step.conversationId) ?? emptyEntry(step.conversationId);
  const after = applyEvent(before, step.event, state.userId);
  if (after === before && state.entries.has(step.conversationId)) return;
  state.entries.set(step.conversationId, after);
  outcome.entries.add(step.conversationId);
}
