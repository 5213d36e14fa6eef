/**
 * Messages that were not sent yet, from behind the damage in a file.
 *
 * What stands before the damage is a state as it once was, and the server tells what came after it; only the outbox cannot be fetched
 * again. So of the records behind the damage the outbox is taken, and nothing else. A message that may have been placed in what was lost
 * is not sent by itself: it waits, failed with "outcome-unknown", for its writer to decide.
 */
import type { Buffer } from "node:buffer";
import type { ConversationId } from "@parley/protocol";
import type { Change, OutboxItem, StoreState } from "../common/store.js";
import { recordAt } from "./file-records.js";

interface Rescued {
  readonly item: OutboxItem;
  /** Nothing is missing of what happened to it. */
  readonly isCertain: boolean;
}

/** What makes the outbox of the state before the damage the one after `rest`; nothing when no record is whole in it. */
export function rescuedOutbox(state: StoreState, rest: Buffer): readonly Change[] {
  let outbox = new Map(
    state.outbox.map((item): [string, Rescued] => [keyOf(item), { item, isCertain: true }]),
  );
  const numbers = new Map<ConversationId, number>();
  let count = 0;
  for (const { changes, isAfterDamage } of recordsWithin(rest)) {
    count += 1;
    if (isAfterDamage)
      outbox = new Map([...outbox].map(([key, { item }]) => [key, { item, isCertain: false }]));
    for (const change of changes) {
      if (change.kind === "put-outbox")
        outbox.set(keyOf(change.item), { item: change.item, isCertain: true });
      else if (change.kind === "delete-outbox") outbox.delete(keyOf(change));
      else if (change.kind === "next-number") numbers.set(change.conversationId, change.number);
      else if (change.kind === "clear") outbox.clear();
    }
  }
  if (count === 0) return [];
  return [
    ...state.outbox.map(({ conversationId, clientMessageId }): Change => ({
      kind: "delete-outbox",
      conversationId,
      clientMessageId,
    })),
    ...[...outbox.values()].map((rescued): Change => ({ kind: "put-outbox", item: itemOf(rescued) })),
    ...[...numbers].map(([conversationId, number]): Change => ({
      kind: "next-number",
      conversationId,
      number,
    })),
  ];
}

/** Cost: looks at every place behind damage; at nearly all of them at a few bytes. */
function* recordsWithin(
  rest: Buffer,
): Generator<{ readonly changes: readonly Change[]; readonly isAfterDamage: boolean }> {
  let isAfterDamage = true;
  let start = 0;
  while (start < rest.length) {
    const record = recordAt(rest, start);
    if (record === undefined) {
      start += 1;
      isAfterDamage = true;
      continue;
    }
    yield { changes: record.changes, isAfterDamage };
    isAfterDamage = false;
    start = record.end;
  }
}

function itemOf({ item, isCertain }: Rescued): OutboxItem {
  if (isCertain || item.failureCode !== "") return item;
  return { ...item, number: 0, failureCode: "outcome-unknown" };
}

function keyOf({
  conversationId,
  clientMessageId,
}: Pick<OutboxItem, "conversationId" | "clientMessageId">): string {
  return `${conversationId}/${clientMessageId}`;
}
