/** Applies a record as the processor does: the rows that it is about are read from what was written before. */
import type { Card, CardAction, Message } from "@parley/protocol";
import { type ConversationOutcome, applyConversationRecord } from "../conversation-machine.js";
import type { ConversationRecord } from "../conversation-record.js";
import type { CardRow, PinRow, ReactionRow, ReactionSumRow } from "../conversation-rows.js";
import { moduleEventKey } from "../module-repeats.js";
import { type ConversationState, type NeededCards, forgetNeeded, neededBy } from "../conversation-state.js";

/** The rows beside the state, as they are now. */
export interface StoredRows {
  readonly messages: Map<number, Message>;
  readonly sums: Map<number, ReactionSumRow>;
  /** By sequence and user. */
  readonly reactions: Map<string, ReactionRow>;
  readonly pins: Map<number, PinRow>;
  readonly cards: Map<number, CardRow>;
  /** By sequence and user. */
  readonly cardParts: Map<string, Card>;
  readonly cardActions: Map<string, CardAction>;
  /** By module and id: when it was published. */
  readonly given: Map<string, number>;
}

const ROWS = new WeakMap<ConversationState, StoredRows>();

export function applyLoaded(
  state: ConversationState,
  record: ConversationRecord,
  offset: number,
): ConversationOutcome {
  const rows = storedRows(state);
  const needed = neededBy(state, record);
  for (const sequence of needed?.targets ?? []) {
    const message = rows.messages.get(sequence);
    if (message !== undefined) state.targets.set(sequence, message);
  }
  for (const sequence of needed?.sums ?? []) {
    const sum = rows.sums.get(sequence);
    if (sum !== undefined) state.sums.set(sequence, sum);
  }
  if (needed?.reactorId !== undefined)
    state.reactor = rows.reactions.get(`${needed.sums[0]}/${needed.reactorId}`);
  loadCards(state, rows, needed?.cards);
  if (needed?.module !== undefined) {
    const key = moduleEventKey(needed.module);
    state.given.set(key, rows.given.get(key));
  }
  const outcome = applyConversationRecord(state, record, offset);
  forgetNeeded(state);
  const { changes } = outcome;
  if (changes === undefined) return outcome;
  for (const message of [...changes.messages, ...changes.changed])
    rows.messages.set(message.sequence, message);
  for (const { sequence, row } of changes.sums) putOrDelete(rows.sums, sequence, row);
  for (const { sequence, userId, row } of changes.reactions) rows.reactions.set(`${sequence}/${userId}`, row);
  for (const { sequence, row } of changes.pins) putOrDelete(rows.pins, sequence, row);
  for (const { sequence, row } of changes.cards) rows.cards.set(sequence, row);
  for (const { sequence, userId, row } of changes.cardParts) rows.cardParts.set(`${sequence}/${userId}`, row);
  for (const { sequence, row } of changes.cardActions) rows.cardActions.set(`${sequence}/${row.userId}`, row);
  for (const event of changes.modules) rows.given.set(moduleEventKey(event), record.timeMs);
  return outcome;
}

function loadCards({ card }: ConversationState, rows: StoredRows, needed: NeededCards | undefined): void {
  for (const sequence of needed?.sequences ?? []) {
    const row = rows.cards.get(sequence);
    if (row !== undefined) card.rows.set(sequence, row);
  }
  const [sequence] = needed?.sequences ?? [];
  card.part = rows.cardParts.get(`${sequence}/${needed?.partOf}`);
  card.action = rows.cardActions.get(`${sequence}/${needed?.actionOf}`);
}

export function storedRows(state: ConversationState): StoredRows {
  const rows = ROWS.get(state) ?? {
    messages: new Map(),
    sums: new Map(),
    reactions: new Map(),
    pins: new Map(),
    cards: new Map(),
    cardParts: new Map(),
    cardActions: new Map(),
    given: new Map(),
  };
  ROWS.set(state, rows);
  return rows;
}

/** The messages as the rows hold them now. */
export function rowsOf(state: ConversationState): Map<number, Message> {
  return storedRows(state).messages;
}

function putOrDelete<T>(rows: Map<number, T>, sequence: number, row: T | undefined): void {
  if (row === undefined) rows.delete(sequence);
  else rows.set(sequence, row);
}
