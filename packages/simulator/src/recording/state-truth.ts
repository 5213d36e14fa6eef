/** The rows beside messages, as the machine makes them of the logs: reactions, pins, cards, and who has read what. */
import {
  type ConversationChanges,
  type ConversationRecord,
  type ConversationState,
  type PinRow,
  type ReactionRow,
  type ReactionSumRow,
  hasMarks,
  moduleEventKey,
  neededBy,
} from "@parley/domain";
import type { ConversationId, Message, ReadCount, UserId } from "@parley/protocol";
import { CardTruth } from "./card-truth.js";

interface Rows {
  readonly sums: Map<number, ReactionSumRow>;
  /** By sequence and user. */
  readonly reactions: Map<string, ReactionRow>;
  readonly pins: Map<number, PinRow>;
  /** When events of modules were published here. */
  readonly given: Map<string, number>;
}

export class StateTruth {
  readonly cards = new CardTruth();
  readonly #rows = new Map<ConversationId, Rows>();

  /** Loads what a record needs, as the processor does. */
  load(state: ConversationState, record: ConversationRecord, messages: readonly Message[]): void {
    const { sums, reactions, given } = this.#rowsOf(state.key.conversationId);
    const needed = neededBy(state, record);
    for (const sequence of needed?.targets ?? []) {
      const message = messages[sequence - 1];
      if (message !== undefined) state.targets.set(sequence, message);
    }
    for (const sequence of needed?.sums ?? []) {
      const sum = sums.get(sequence);
      if (sum !== undefined) state.sums.set(sequence, sum);
    }
    if (needed?.reactorId !== undefined)
      state.reactor = reactions.get(`${needed.sums[0]}/${needed.reactorId}`);
    if (needed?.cards !== undefined) this.cards.load(state, needed.cards);
    if (needed?.module !== undefined) {
      const key = moduleEventKey(needed.module);
      state.given.set(key, given.get(key));
    }
  }

  take(conversationId: ConversationId, changes: ConversationChanges, timeMs: number): void {
    const rows = this.#rowsOf(conversationId);
    for (const { sequence, row } of changes.sums) putOrDelete(rows.sums, sequence, row);
    for (const { sequence, userId, row } of changes.reactions)
      rows.reactions.set(`${sequence}/${userId}`, row);
    for (const { sequence, row } of changes.pins) putOrDelete(rows.pins, sequence, row);
    this.cards.take(conversationId, changes);
    for (const event of changes.modules) rows.given.set(moduleEventKey(event), timeMs);
  }

  /** The message as one user sees it. */
  seen(message: Message, userId: UserId): Message {
    const cardPart = message.body?.card === undefined ? undefined : this.cards.partOf(message, userId);
    return this.#reacted(cardPart === undefined ? message : { ...message, cardPart }, userId);
  }

  #reacted(message: Message, userId: UserId): Message {
    const { sums, reactions } = this.#rowsOf(message.conversationId);
    const sum = sums.get(message.sequence);
    if (sum === undefined) return message;
    const own = reactions.get(`${message.sequence}/${userId}`);
    const { revision, items } = sum;
    return {
      ...message,
      reactions: { revision, items, mine: own?.keys ?? [], mineRevision: own?.revision ?? 0 },
    };
  }

  isPinned(conversationId: ConversationId, sequence: number): boolean {
    return this.#rowsOf(conversationId).pins.has(sequence);
  }

  #rowsOf(conversationId: ConversationId): Rows {
    let rows = this.#rows.get(conversationId);
    if (rows === undefined) {
      rows = { sums: new Map(), reactions: new Map(), pins: new Map(), given: new Map() };
      this.#rows.set(conversationId, rows);
    }
    return rows;
  }
}

/** Counted by walking over all members. */
export function readCountOf(state: ConversationState, { sequence, senderId }: Message): ReadCount {
  let [read, unread] = [0, 0];
  for (const [userId, { firstVisible, readSequence }] of state.members) {
    if (userId === senderId || firstVisible > sequence) continue;
    if (readSequence >= sequence) read += 1;
    else unread += 1;
  }
  return { sequence, read, unread };
}

/** Whether something was merged and never told. */
export function hasUntold({ head }: ConversationState): boolean {
  return head !== undefined && hasMarks(head);
}

function putOrDelete<T>(rows: Map<number, T>, sequence: number, row: T | undefined): void {
  if (row === undefined) rows.delete(sequence);
  else rows.set(sequence, row);
}
