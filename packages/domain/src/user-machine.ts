/**
 * The user machine: gives every event its PTS in the queue of each user who gets it, and keeps that user's conversation
 * list. Pure function of the user log, like the conversation machine. Invariants:
 *
 *   U1  PTS of a queue are 1, 2, 3 … without a hole.
 *   U2  A user's list entry equals applyEvent() over that user's events, which is what a device computes. Of a large group
 *       it says whether the user is in it, and what the user set; the rest is computed from the conversation.
 *   U3  A record at or below the applied offset is not applied again.
 *   U4  Events of modules are opaque: they get a PTS and change nothing of the list. One with an id that this user was given
 *       within the last day is left out (see module-repeats.ts).
 *   U5  A message of another that mentions the user is marked in the same batch as the event that says so.
 *   U6  The head counts the entries that are pinned: at most LIST_PINS_MAX.
 */
import {
  type ConversationEntry,
  type ConversationId,
  type Draft,
  type DoNotDisturb,
  type Event,
  type NotifySettingsEvent,
  type TenantId,
  type UserId,
  type Infer,
  type Message,
  LIST_PINS_MAX,
  Event as EventSchema,
  applyEvent,
  conversationOf,
  decode,
  draftOf,
  emptyEntry,
  encode,
  mentionsUser,
  schema,
  uint,
} from "@parley/protocol";
import { type GivenModuleEvents, isRepeat, moduleEventKey, type NewModuleEvent } from "./module-repeats.js";
import type { UserRecord } from "./user-record.js";
import { DONE, type RefusalCode, REPEATED, type Verdict, refused } from "./verdict.js";

/** user-head, sort (). */
export const UserHeadRow = schema("UserHeadRow", {
  /** Offset of the last applied record, plus one. */
  applied: uint(1),
  /** Names the installation's queues: rebuilt ones get another epoch, so that positions in the old are never taken. */
  epoch: uint(2),
  /** The last PTS given. */
  pts: uint(3),
  /** Entries that are pinned. */
  pinned: uint(4),
});
export type UserHeadRow = Infer<typeof UserHeadRow>;

export interface UserState {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  head: UserHeadRow;
  /** Entries that were needed so far; those that a record touches are loaded before it is applied. */
  readonly entries: Map<ConversationId, ConversationEntry>;
  /** Of events of modules whether their ids were given before; those that a record touches are loaded before it is applied. */
  readonly given: GivenModuleEvents;
}

/** What one record did to one user. */
export interface UserOutcome {
  readonly state: UserState;
  /** The head of the state, as it will be after this record. */
  readonly head: Draft<UserHeadRow>;
  readonly firstPts: number;
  /** Encoded events, the first at `firstPts`. */
  readonly events: Uint8Array[];
  /** What they were made of, one for each. */
  readonly steps: UserStep[];
  /** Entries to write. */
  readonly entries: Set<ConversationId>;
  /** Messages hidden by this user. */
  readonly hidden:
    | { readonly conversationId: ConversationId; readonly sequences: readonly number[] }
    | undefined;
  /** What the user set of itself. */
  doNotDisturb: DoNotDisturb | undefined;
  /** Messages that mention this user. One may be there again, or mention nobody any more by now. */
  readonly mentions: MentionMark[];
  /** Events of modules among `events`. */
  readonly modules: NewModuleEvent[];
}

/** A message that mentions a user, and its time, which never changes. */
export type MentionMark = Pick<Message, "conversationId" | "sequence" | "timeMs">;

/** An event of a record, decoded once for all who get it. */
export interface UserStep {
  readonly userIds: readonly UserId[];
  readonly bytes: Uint8Array;
  readonly event: Event;
  readonly conversationId: ConversationId | undefined;
  /** Of an event that counts once by its id for each user: its key. */
  readonly onceKey: string | undefined;
}

/** The events that a record holds. */
export function stepsOf(record: UserRecord): readonly UserStep[] {
  if (record.hide !== undefined) {
    const { userId, conversationId, sequences } = record.hide;
    const bytes = encode(EventSchema, { hidden: { conversationId, sequences } });
    return [
      { userIds: [userId], bytes, event: decode(EventSchema, bytes), conversationId, onceKey: undefined },
    ];
  }
  if (record.settings?.settings !== undefined) {
    const { userId, settings } = record.settings;
    const bytes = encode(EventSchema, { settings });
    const event = decode(EventSchema, bytes);
    return [{ userIds: [userId], bytes, event, conversationId: conversationOf(event), onceKey: undefined }];
  }
  if (record.pin !== undefined) {
    const { userId, conversationId, isPinned } = record.pin;
    const bytes = encode(EventSchema, {
      listPinned: { conversationId, pinnedMs: isPinned ? record.timeMs : 0 },
    });
    return [
      { userIds: [userId], bytes, event: decode(EventSchema, bytes), conversationId, onceKey: undefined },
    ];
  }
  return record.spreads.map(({ userIds, event: bytes }) => {
    const event = decode(EventSchema, bytes);
    const { module } = event;
    // What was published to a conversation is counted there.
    const onceKey = module === undefined || module.conversationId !== "" ? undefined : moduleEventKey(module);
    return { userIds, bytes, event, conversationId: conversationOf(event), onceKey };
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
  if (record.settings !== undefined && !maySet(find(record.settings.userId), record.settings.settings)) {
    return { outcomes: [], verdict: refused("not-a-member") };
  }
  const unpinnable = record.pin && whyNotPinned(find(record.pin.userId), record.pin);
  if (unpinnable !== undefined) return { outcomes: [], verdict: refused(unpinnable) };
  let hasRepeats = false;
  for (const step of steps) {
    for (const userId of step.userIds) {
      const known = outcomes.get(userId);
      const state = known?.state ?? find(userId);
      if (known === undefined && offset < state.head.applied) continue;
      if (step.onceKey !== undefined && isRepeat(state.given, step.onceKey, record.timeMs)) {
        hasRepeats = true;
        continue;
      }
      const outcome = known ?? begin(state, record, offset);
      if (known === undefined) outcomes.set(userId, outcome);
      applyStep(outcome, step, record.timeMs);
    }
  }
  const verdict = hasRepeats && outcomes.size === 0 ? REPEATED : DONE;
  return { outcomes: [...outcomes.values()], verdict };
}

function mayHide(state: UserState, hide: NonNullable<UserRecord["hide"]>): boolean {
  const entry = state.entries.get(hide.conversationId);
  if (entry === undefined) return false;
  const { firstVisible, lastSequence } = entry.isShared ? hide : entry;
  return hide.sequences.every((sequence) => sequence >= firstVisible && sequence <= lastSequence);
}

/** Of the user at any time; of a conversation while the user is in it. */
function maySet(state: UserState, settings: NotifySettingsEvent | undefined): boolean {
  if (settings === undefined) return false;
  if (settings.doNotDisturb !== undefined) return true;
  return state.entries.get(settings.conversationId)?.isMember === true;
}

/** Only a conversation that one is in is pinned; what was left may still be unpinned. */
function whyNotPinned(
  { entries, head }: UserState,
  { conversationId, isPinned }: NonNullable<UserRecord["pin"]>,
): RefusalCode | undefined {
  const entry = entries.get(conversationId);
  if (entry === undefined || (isPinned && !entry.isMember)) return "not-a-member";
  return isPinned && entry.pinnedMs === 0 && head.pinned >= LIST_PINS_MAX ? "too-many-pins" : undefined;
}

function begin(state: UserState, record: UserRecord, offset: number): UserOutcome {
  const head = draftOf(UserHeadRow, state.head);
  head.applied = offset + 1;
  state.head = head;
  const hidden =
    record.hide === undefined
      ? undefined
      : { conversationId: record.hide.conversationId, sequences: record.hide.sequences };
  return {
    state,
    head,
    firstPts: head.pts + 1,
    events: [],
    steps: [],
    entries: new Set(),
    hidden,
    doNotDisturb: undefined,
    mentions: [],
    modules: [],
  };
}

function applyStep(outcome: UserOutcome, step: UserStep, timeMs: number): void {
  const { state } = outcome;
  outcome.events.push(step.bytes);
  outcome.steps.push(step);
  outcome.head.pts += 1;
  outcome.doNotDisturb = step.event.settings?.doNotDisturb ?? outcome.doNotDisturb;
  if (step.event.module !== undefined) {
    const { module, id, collapseKey } = step.event.module;
    outcome.modules.push({
      module,
      id,
      collapseKey,
      pts: state.head.pts,
      isOnce: step.onceKey !== undefined,
    });
    if (step.onceKey !== undefined) state.given.set(step.onceKey, timeMs);
  }
  if (step.conversationId === undefined) return;
  noteMention(outcome, step.event.message ?? step.event.changed?.message);
  const before = state.entries.get(step.conversationId) ?? emptyEntry(step.conversationId);
  // Of a large group only what it is, whether one is in it, and what one set: the rest is computed when the list is fetched.
  const { joined, left, settings, listPinned } = step.event;
  if (before.isShared && (joined ?? left ?? settings ?? listPinned) === undefined) return;
  const after = applyEvent(before, step.event, state.userId);
  if (after === before && state.entries.has(step.conversationId)) return;
  outcome.head.pinned += Number(after.pinnedMs > 0) - Number(before.pinnedMs > 0);
  state.entries.set(step.conversationId, after);
  outcome.entries.add(step.conversationId);
}

function noteMention({ state, mentions }: UserOutcome, message: Message | undefined): void {
  if (message === undefined || !mentionsUser(message.body, state.userId)) return;
  if (message.senderId === state.userId) return;
  const { conversationId, sequence, timeMs } = message;
  mentions.push({ conversationId, sequence, timeMs });
}
