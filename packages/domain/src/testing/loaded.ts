/** Applies a record as the processor does: the message that it is about is read from what was written before. */
import type { Message } from "@parley/protocol";
import { type ConversationOutcome, applyConversationRecord } from "../conversation-machine.js";
import type { ConversationRecord } from "../conversation-record.js";
import type { ConversationState } from "../conversation-state.js";

const ROWS = new WeakMap<ConversationState, Map<number, Message>>();

export function applyLoaded(
  state: ConversationState,
  record: ConversationRecord,
  offset: number,
): ConversationOutcome {
  const rows = rowsOf(state);
  const sequence = (record.edit ?? record.recall)?.sequence;
  const target = sequence === undefined ? undefined : rows.get(sequence);
  if (target !== undefined) state.targets.set(target.sequence, target);
  const outcome = applyConversationRecord(state, record, offset);
  state.targets.clear();
  for (const message of [...(outcome.changes?.messages ?? []), ...(outcome.changes?.changed ?? [])])
    rows.set(message.sequence, message);
  return outcome;
}

/** The messages as the rows hold them now. */
export function rowsOf(state: ConversationState): Map<number, Message> {
  const rows = ROWS.get(state) ?? new Map<number, Message>();
  ROWS.set(state, rows);
  return rows;
}
