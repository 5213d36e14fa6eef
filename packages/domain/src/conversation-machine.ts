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
 *   C10 Of a large group what all are told goes into its topic once, with PTS 1, 2, 3 … without a hole, and costs no row for
 *       each member. It never becomes a small group again.
 *   C11 A system account, which talks to everybody, is told nothing: its queue would be a hot partition.
 *   C11 Of a directed message nobody is told anything but its sender and its audience; the others are told that its place is void.
 *   C13 A group that has members has one owner. What a role, a mute or the scenario forbids at the record's own time is refused.
 *   C14 `membersRevision` grows by 1 with every change of what members see of each other, and that change is told with it.
 *
 * What is told of reactions, pins, reading and cards: reacting.ts, pinning.ts, read-counts.ts, card-updates.ts, card-actions.ts.
 */
import { assert } from "@parley/base";
import {
  type Card,
  type CardAction,
  type Edit,
  type Event,
  type Init,
  Message,
  type UserId,
  AS_SENT,
  SENDS_IN_FLIGHT_MAX,
  Event as EventSchema,
  type Draft,
  draftOf,
  encode,
  filled,
  isSignal,
  textBody,
} from "@parley/protocol";
import type { ConversationRecord } from "./conversation-record.js";
import {
  type CardRow,
  type PinRow,
  type ReactionRow,
  type ReactionSumRow,
  type SendRow,
  HeadRow,
  MemberRow,
  TopicRow,
} from "./conversation-rows.js";
import { type ConversationState, type SenderState, senderKey } from "./conversation-state.js";
import { applyCardAction } from "./card-actions.js";
import { applyCardUpdate, spreadCards } from "./card-updates.js";
import { directedTopic, refuseAudience, tellDirected } from "./directed.js";
import { applyAnswerJoin, applyJoin } from "./group-joins.js";
import { applyMember } from "./group-members.js";
import type { JoinRequestRow, MemberChangeRow } from "./group-rows.js";
import { applyGroup } from "./group-settings.js";
import { applyCreate, applyDissolve, applyMembers } from "./membership.js";
import { applyEdit, applyRecall } from "./message-change.js";
import { applyModule } from "./publishing.js";
import type { NewModuleEvent } from "./module-repeats.js";
import { applyPin, trimPins } from "./pinning.js";
import { trimMarks } from "./marks.js";
import { applyReact, spreadReactions } from "./reacting.js";
import { countMember, countSent, spreadReading, tellReading, trimReading } from "./read-counts.js";
import { forbidsBody } from "./permissions.js";
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
  /** What the topic of a large group gets; the last one has the head's `topicPts`. */
  readonly topic: TopicRow[];
  /** What all gave a message; undefined: it has none any more. */
  readonly sums: { readonly sequence: number; readonly row: ReactionSumRow | undefined }[];
  readonly reactions: { readonly sequence: number; readonly userId: UserId; readonly row: ReactionRow }[];
  readonly pins: { readonly sequence: number; readonly row: PinRow | undefined }[];
  readonly cards: { readonly sequence: number; readonly row: CardRow }[];
  readonly cardParts: { readonly sequence: number; readonly userId: UserId; readonly row: Card }[];
  readonly cardActions: { readonly sequence: number; readonly row: CardAction }[];
  /** Undefined: the row is deleted. */
  readonly requests: { readonly userId: UserId; readonly row: JoinRequestRow | undefined }[];
  readonly modules: NewModuleEvent[];
  readonly memberChanges: { readonly revision: number; readonly row: MemberChangeRow | undefined }[];
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

const NEW: Message = filled(Message, AS_SENT);

/** Collects what one record does. */
export class ConversationStep {
  readonly changes: ConversationChanges = {
    messages: [],
    members: [],
    sends: [],
    changed: [],
    edits: [],
    topic: [],
    sums: [],
    reactions: [],
    pins: [],
    cards: [],
    cardParts: [],
    cardActions: [],
    requests: [],
    modules: [],
    memberChanges: [],
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
    this.#draft ??= draftOf(HeadRow, this.head);
    return this.#draft;
  }

  /** Puts the changed head in place. */
  finish(offset: number): void {
    this.draft.applied = offset + 1;
    this.state.head = this.#draft;
    this.#draft = undefined;
  }

  setMember(userId: UserId, row: MemberRow | undefined): void {
    countMember(this, userId, this.state.members.get(userId), row);
    if (row === undefined) this.state.members.delete(userId);
    else this.state.members.set(userId, row);
    this.changes.members.push({ userId, row });
  }

  setRead(userId: UserId, member: MemberRow, readSequence: number): void {
    const row = draftOf(MemberRow, member);
    row.readSequence = readSequence;
    this.setMember(userId, row);
  }

  setRequest(userId: UserId, row: JoinRequestRow | undefined): void {
    if (row === undefined) this.state.requests.delete(userId);
    else this.state.requests.set(userId, row);
    this.changes.requests.push({ userId, row });
  }

  /** Tells these users; a system account among them is told nothing (C11). */
  emit(userIds: readonly UserId[], event: Init<Event>): void {
    const { systemId } = this.head;
    const told = systemId === "" ? userIds : userIds.filter((userId) => userId !== systemId);
    if (told.length > 0) this.emissions.push({ userIds: told, event: encode(EventSchema, event) });
  }

  /** Tells the members; of an event about a message only those who see it. */
  tell(event: Init<Event>, about?: Pick<Message, "sequence" | "senderId" | "audience">): void {
    const { members } = this.state;
    const message = about ?? event.message;
    const isDirected = message !== undefined && message.audience.length > 0;
    if (this.head.isShared) {
      this.draft.topicPts += 1;
      const row = { sequence: about?.sequence ?? 0, event: encode(EventSchema, event) };
      this.changes.topic.push(
        filled(TopicRow, isDirected ? { ...row, ...directedTopic(event, message) } : row),
      );
      return;
    }
    if (isDirected) {
      tellDirected(this, event, message);
      return;
    }
    const told = about === undefined ? [...members.keys()] : watchersOf(members, about.sequence);
    this.emit(told, event);
  }

  /** Gives a message the next sequence and keeps time from going back. */
  place(
    message: Omit<Message, "sequence" | "conversationId" | keyof typeof AS_SENT> &
      Partial<Pick<Message, "audience">>,
  ): Message {
    const { draft } = this;
    const sequence = draft.lastSequence + 1;
    const timeMs = Math.max(message.timeMs, draft.lastTimeMs);
    const placed = draftOf(Message, NEW);
    placed.conversationId = this.state.key.conversationId;
    placed.sequence = sequence;
    placed.messageId = message.messageId;
    placed.senderId = message.senderId;
    placed.clientMessageId = message.clientMessageId;
    placed.timeMs = timeMs;
    placed.body = message.body;
    placed.isCountable = message.isCountable;
    placed.audience = message.audience ?? AS_SENT.audience;
    draft.lastSequence = sequence;
    draft.lastTimeMs = timeMs;
    this.changes.messages.push(placed);
    return placed;
  }
}

/**
 * Applies the record at `offset`. `state` is owned by the caller's one loop and is changed in place; the sender of a
 * send and what `neededBy` names must be loaded. A record that is applied already gives the verdict "done" and no changes.
 */
export function applyConversationRecord(
  state: ConversationState,
  record: ConversationRecord,
  offset: number,
): ConversationOutcome {
  if (state.head !== undefined && offset < state.head.applied) return nothing(DONE);
  const step = new ConversationStep(state);
  const verdict = decide(step, record);
  if (verdict.kind === "refused" || verdict.isRepeat === true) return nothing(verdict);
  step.finish(offset);
  return { verdict, changes: step.changes, emissions: step.emissions };
}

function decide(step: ConversationStep, record: ConversationRecord): Verdict {
  if (record.create !== undefined) return applyCreate(step, record.create, record.timeMs);
  if (step.state.head === undefined) return refused("not-a-member");
  if (record.send !== undefined) return applySend(step, record.send, record.timeMs);
  if (record.read !== undefined) return applyRead(step, record.read, record.timeMs);
  if (record.members !== undefined) return applyMembers(step, record.members, record.timeMs);
  if (record.history !== undefined) return applyHistory(step, record.history);
  if (record.trim !== undefined) return applyTrim(step, record.trim.before);
  if (record.keeping !== undefined) return applyKeeping(step, record.keeping);
  if (record.edit !== undefined) return applyEdit(step, record.edit, record.timeMs);
  if (record.recall !== undefined) return applyRecall(step, record.recall, record.timeMs);
  if (record.react !== undefined) return applyReact(step, record.react, record.timeMs);
  if (record.pin !== undefined) return applyPin(step, record.pin, record.timeMs);
  if (record.cardUpdate !== undefined) return applyCardUpdate(step, record.cardUpdate, record.timeMs);
  if (record.cardAction !== undefined) return applyCardAction(step, record.cardAction, record.timeMs);
  if (record.module !== undefined) return applyModule(step, record.module, record.timeMs);
  if (record.spread !== undefined) return applySpread(step, record.timeMs);
  if (record.group !== undefined) return applyGroup(step, record.group, record.timeMs);
  if (record.member !== undefined) return applyMember(step, record.member, record.timeMs);
  if (record.join !== undefined) return applyJoin(step, record.join, record.timeMs);
  if (record.answerJoin !== undefined) return applyAnswerJoin(step, record.answerJoin, record.timeMs);
  if (record.dissolve !== undefined) return applyDissolve(step, record.dissolve, record.timeMs);
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
  if (send.body === undefined) return refused("message-unknown");
  const forbidden = forbidsBody(send.body, step.head, member, timeMs);
  if (forbidden !== undefined) return forbidden;
  const reply = send.body.reply?.sequence;
  if (reply !== undefined && !isInSight(step.head, member, reply)) return refused("message-unknown");
  const refusal = refuseAudience(state, send.audience);
  if (refusal !== undefined) return refusal;

  const hadReadAll = member.readSequence === step.head.lastSequence;
  const message = step.place({
    messageId: send.messageId,
    senderId: send.senderId,
    clientMessageId: send.clientMessageId,
    timeMs,
    body: send.body,
    isCountable: !isSignal(send.body),
    audience: send.audience,
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
  // Of what is directed to some they are asked for.
  if (message.isCountable && message.audience.length === 0) countSent(step, message.sequence, send.senderId);
  // Who has read everything has also read what they write themselves.
  if (hadReadAll) step.setRead(send.senderId, member, message.sequence);
  step.tell({ message }, message);
  return {
    kind: "sent",
    messageId: send.messageId,
    sequence: message.sequence,
    timeMs: message.timeMs,
    isRepeat: false,
  };
}

/** Whether the place of a message is there, and this member may see what stands in it. */
export function isInSight(head: HeadRow, member: MemberRow, sequence: number): boolean {
  return sequence >= Math.max(1, member.firstVisible, head.firstKept) && sequence <= head.lastSequence;
}

function findRepeat(sender: SenderState, number: number, clientMessageId: string): SendRow | undefined {
  if (number > sender.lastNumber) return undefined;
  return sender.recent.find((row) => row?.clientMessageId === clientMessageId);
}

function applyRead(
  step: ConversationStep,
  { userId, sequence, windowMs }: NonNullable<ConversationRecord["read"]>,
  timeMs: number,
): Verdict {
  const member = step.state.members.get(userId);
  if (member === undefined) return refused("not-a-member");
  const readSequence = Math.min(sequence, step.head.lastSequence);
  if (readSequence > member.readSequence) {
    step.setRead(userId, member, readSequence);
    step.emit([userId], { read: { conversationId: step.state.key.conversationId, sequence: readSequence } });
    tellReading(step, timeMs, windowMs);
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
      body: textBody(item.text),
      isCountable: false,
    });
  }
  step.draft.importedCount = history.index + history.items.length;
  const { conversationId } = step.state.key;
  for (const [userId, member] of step.state.members) {
    if (member.readSequence === before) step.setRead(userId, member, step.head.lastSequence);
  }
  if (history.isLast) {
    const { lastSequence } = step.head;
    step.tell({ advanced: { conversationId, lastSequence, lastMessage: last } }, last);
  }
  return DONE;
}

function applyTrim(step: ConversationStep, before: number): Verdict {
  const firstVisible = Math.min(before, step.head.lastSequence);
  // From 1 on everything is kept, as it is at first.
  if (firstVisible <= Math.max(1, step.head.firstKept)) return DONE;
  step.draft.firstKept = firstVisible;
  trimMarks(step, firstVisible);
  trimPins(step, firstVisible);
  trimReading(step, firstVisible);
  const { conversationId } = step.state.key;
  step.tell({ trimmed: { conversationId, firstVisible } });
  return DONE;
}

function applySpread(step: ConversationStep, timeMs: number): Verdict {
  spreadReactions(step, timeMs);
  spreadCards(step, timeMs);
  spreadReading(step, timeMs);
  return DONE;
}

function applyKeeping(step: ConversationStep, keeping: NonNullable<ConversationRecord["keeping"]>): Verdict {
  step.draft.keepDays = keeping.keepDays;
  step.draft.coldAfterDays = keeping.coldAfterDays;
  return DONE;
}

function watchersOf(members: ConversationState["members"], sequence: number): readonly UserId[] {
  const watchers: UserId[] = [];
  for (const [userId, { firstVisible }] of members) if (firstVisible <= sequence) watchers.push(userId);
  return watchers;
}

function nothing(verdict: Verdict): ConversationOutcome {
  return { verdict, changes: undefined, emissions: [] };
}
