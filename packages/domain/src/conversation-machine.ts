/**
 * The conversation machine: (state, record) → (rows to write, events to spread, verdict).
 *
 * It is a pure function of its log: it asks for no time, no chance and nothing outside `state`, so every replay derives
 * the same rows and events. Invariants, which the tests cite:
 *
 *   C1  Sequences of a conversation are 1, 2, 3 … without a hole.
 *   C2  Time never goes back within a conversation.
 *   C3  Of one device's sends, number n is accepted only directly after n - 1, and once.
 *   C4  A refused record changes nothing.
 *   C5  A message goes to exactly those who are members when it is applied.
 *   C6  A record at or below the applied offset is not applied again.
 *   C7  What is no longer kept never comes back, and the newest message is always kept: `firstKept` only grows, and not
 *       beyond the last sequence. A member sees from the greater of it and the member's own `firstVisible`.
 *   C8  A message keeps its place, id, sender and time. Its revision grows by 1 with every change; once recalled it has no body
 *       and no former ones, and never changes again.
 *   C9  A change goes to exactly those members who see the message.
 */
import { assert } from "@parley/base";
import {
  type Edit,
  type Event,
  type Init,
  type Message,
  type UserId,
  SENDS_IN_FLIGHT_MAX,
  Event as EventSchema,
  encode,
} from "@parley/protocol";
import type { ConversationRecord } from "./conversation-record.js";
import type { HeadRow, MemberRow, SendRow } from "./conversation-rows.js";
import { type ConversationState, type SenderState, senderKey } from "./conversation-state.js";
import { applyCreate, applyMembers } from "./membership.js";
import { applyEdit, applyRecall } from "./message-change.js";
import { DONE, type Verdict, refused } from "./verdict.js";

/** Rows that one record changed. The caller writes them in one batch with the head. */
export interface ConversationChanges {
  readonly messages: Message[];
  /** Undefined: the member's row is deleted. */
  readonly members: { readonly userId: UserId; readonly row: MemberRow | undefined }[];
  readonly sends: { readonly userId: UserId; readonly deviceId: string; readonly row: SendRow }[];
  /** Messages that were there before, as they are now. */
  readonly changed: Message[];
  /** What a message said before; undefined: the row is deleted, if there is one. */
  readonly edits: { readonly sequence: number; readonly revision: number; readonly row: Edit | undefined }[];
}

/** One event and who gets it. */
export interface Emission {
  readonly userIds: readonly UserId[];
  /** An encoded Event. */
  readonly event: Uint8Array;
}

export interface ConversationOutcome {
  readonly verdict: Verdict;
  /** Undefined when nothing changed. */
  readonly changes: ConversationChanges | undefined;
  readonly emissions: readonly Emission[];
}

type Unchanged = Pick<Message, "revision" | "editedMs" | "recall">;
/** A message as it was sent. */
const UNCHANGED: Unchanged = { revision: 0, editedMs: 0, recall: undefined };

type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** Collects what one record does. */
export class ConversationStep {
  readonly changes: ConversationChanges = {
    messages: [],
    members: [],
    sends: [],
    changed: [],
    edits: [],
  };
  readonly emissions: Emission[] = [];
  readonly state: ConversationState;
  #draft: Draft<HeadRow> | undefined;

  constructor(state: ConversationState) {
    this.state = state;
  }

  get head(): HeadRow {
    const head = this.#draft ?? this.state.head;
    assert(head !== undefined, "a step on an existing conversation");
    return head;
  }

  /** The head as it will be after this record. A copy: the one before may still wait to be written. */
  get draft(): Draft<HeadRow> {
    this.#draft ??= { ...this.head };
    return this.#draft;
  }

  /** Puts the changed head in place. */
  finish(offset: number): void {
    this.draft.applied = offset + 1;
    this.state.head = this.#draft;
    this.#draft = undefined;
  }

  setMember(userId: UserId, row: MemberRow | undefined): void {
    if (row === undefined) this.state.members.delete(userId);
    else this.state.members.set(userId, row);
    this.changes.members.push({ userId, row });
  }

  emit(userIds: readonly UserId[], event: Init<Event>): void {
    if (userIds.length > 0) this.emissions.push({ userIds, event: encode(EventSchema, event) });
  }

  /** Gives a message the next sequence and keeps time from going back. */
  place(message: Omit<Message, "sequence" | "conversationId" | keyof Unchanged>): Message {
    const { draft } = this;
    const sequence = draft.lastSequence + 1;
    const timeMs = Math.max(message.timeMs, draft.lastTimeMs);
    const placed: Message = {
      conversationId: this.state.key.conversationId,
      sequence,
      messageId: message.messageId,
      senderId: message.senderId,
      clientMessageId: message.clientMessageId,
      timeMs,
      body: message.body,
      isCountable: message.isCountable,
      ...UNCHANGED,
    };
    draft.lastSequence = sequence;
    draft.lastTimeMs = timeMs;
    this.changes.messages.push(placed);
    return placed;
  }
}

/**
 * Applies the record at `offset`. `state` is owned by the caller's one loop and is changed in place; the sender of a
 * send and the target of an edit or a recall must be loaded. A record that is applied already gives the verdict "done" and no changes.
 */
export function applyConversationRecord(
  state: ConversationState,
  record: ConversationRecord,
  offset: number,
): ConversationOutcome {
  if (state.head !== undefined && offset < state.head.applied) return nothing(DONE);
  const step = new ConversationStep(state);
  const verdict = decide(step, record);
  if (verdict.kind === "refused" || (verdict.kind === "sent" && verdict.isRepeat)) return nothing(verdict);
  step.finish(offset);
  return { verdict, changes: step.changes, emissions: step.emissions };
}

function decide(step: ConversationStep, record: ConversationRecord): Verdict {
  if (record.create !== undefined) return applyCreate(step, record.create, record.timeMs);
  if (step.state.head === undefined) return refused("not-a-member");
  if (record.send !== undefined) return applySend(step, record.send, record.timeMs);
  if (record.read !== undefined) return applyRead(step, record.read.userId, record.read.sequence);
  if (record.members !== undefined) return applyMembers(step, record.members, record.timeMs);
  if (record.history !== undefined) return applyHistory(step, record.history);
  if (record.trim !== undefined) return applyTrim(step, record.trim.before);
  if (record.keeping !== undefined) return applyKeeping(step, record.keeping);
  if (record.edit !== undefined) return applyEdit(step, record.edit, record.timeMs);
  if (record.recall !== undefined) return applyRecall(step, record.recall, record.timeMs);
  return refused("bad-request");
}

function applySend(
  step: ConversationStep,
  send: NonNullable<ConversationRecord["send"]>,
  timeMs: number,
): Verdict {
  const { state } = step;
  const key = senderKey(send.senderId, send.deviceId);
  const sender = state.senders.get(key);
  assert(sender !== undefined, "the sender is loaded before its send is applied");
  const known = findRepeat(sender, send.number, send.clientMessageId);
  if (known !== undefined) {
    const { messageId, sequence, timeMs: placedMs } = known;
    return { kind: "sent", messageId, sequence, timeMs: placedMs, isRepeat: true };
  }
  // Only now: who has left since may still ask what became of a send.
  const member = state.members.get(send.senderId);
  if (member === undefined) return refused("not-a-member");
  const expected = sender.lastNumber + 1;
  if (send.number !== expected) return refused(send.number > expected ? "too-early" : "send-order", expected);

  const hadReadAll = member.readSequence === step.head.lastSequence;
  const message = step.place({
    messageId: send.messageId,
    senderId: send.senderId,
    clientMessageId: send.clientMessageId,
    timeMs,
    body: send.body,
    isCountable: true,
  });
  const row: SendRow = {
    number: send.number,
    clientMessageId: send.clientMessageId,
    messageId: send.messageId,
    sequence: message.sequence,
    timeMs: message.timeMs,
  };
  sender.lastNumber = send.number;
  sender.recent[send.number % SENDS_IN_FLIGHT_MAX] = row;
  step.changes.sends.push({ userId: send.senderId, deviceId: send.deviceId, row });
  // Who has read everything has also read what they write themselves.
  if (hadReadAll) step.setMember(send.senderId, { ...member, readSequence: message.sequence });
  step.emit([...state.members.keys()], { message });
  return {
    kind: "sent",
    messageId: send.messageId,
    sequence: message.sequence,
    timeMs: message.timeMs,
    isRepeat: false,
  };
}

function findRepeat(sender: SenderState, number: number, clientMessageId: string): SendRow | undefined {
  if (number > sender.lastNumber) return undefined;
  return sender.recent.find((row) => row?.clientMessageId === clientMessageId);
}

function applyRead(step: ConversationStep, userId: UserId, sequence: number): Verdict {
  const member = step.state.members.get(userId);
  if (member === undefined) return refused("not-a-member");
  const readSequence = Math.min(sequence, step.head.lastSequence);
  if (readSequence > member.readSequence) {
    step.setMember(userId, { ...member, readSequence });
    step.emit([userId], { read: { conversationId: step.state.key.conversationId, sequence: readSequence } });
  }
  return DONE;
}

function applyHistory(step: ConversationStep, history: NonNullable<ConversationRecord["history"]>): Verdict {
  if (history.index !== step.head.importedCount) return refused("bad-request");
  const before = step.head.lastSequence;
  let last: Message | undefined;
  for (const item of history.items) {
    last = step.place({
      messageId: item.messageId,
      senderId: item.senderId,
      clientMessageId: "" as Message["clientMessageId"],
      timeMs: item.timeMs,
      body: { text: { text: item.text }, notice: undefined },
      isCountable: false,
    });
  }
  step.draft.importedCount = history.index + history.items.length;
  const { conversationId } = step.state.key;
  for (const [userId, member] of step.state.members) {
    if (member.readSequence === before)
      step.setMember(userId, { ...member, readSequence: step.head.lastSequence });
  }
  if (history.isLast) {
    step.emit([...step.state.members.keys()], {
      advanced: { conversationId, lastSequence: step.head.lastSequence, lastMessage: last },
    });
  }
  return DONE;
}

function applyTrim(step: ConversationStep, before: number): Verdict {
  const firstVisible = Math.min(before, step.head.lastSequence);
  // From 1 on everything is kept, as it is at first.
  if (firstVisible <= Math.max(1, step.head.firstKept)) return DONE;
  step.draft.firstKept = firstVisible;
  const { conversationId } = step.state.key;
  step.emit([...step.state.members.keys()], { trimmed: { conversationId, firstVisible } });
  return DONE;
}

function applyKeeping(step: ConversationStep, keeping: NonNullable<ConversationRecord["keeping"]>): Verdict {
  step.draft.keepDays = keeping.keepDays;
  step.draft.coldAfterDays = keeping.coldAfterDays;
  return DONE;
}

function nothing(verdict: Verdict): ConversationOutcome {
  return { verdict, changes: undefined, emissions: [] };
}
