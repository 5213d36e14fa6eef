/** How pushed events change a draft. */
import { applyEvent, conversationOf, emptyEntry, type Event, type UserId } from "@parley/protocol";
import type { Draft } from "./draft.js";
import { withSpan } from "./spans.js";

/** A Push frame with its events decoded. */
export interface EventRun {
  readonly epoch: number;
  readonly firstPts: number;
  readonly events: readonly Event[];
}

/**
 * "applied": the draft stands after the run, duplicates left out. "gap": an event before the run is missing, or the run
 * is of another epoch; the draft is as it was.
 */
export type RunOutcome = "applied" | "gap";

/** Applies what the draft does not have yet of a run. */
export function applyRun(draft: Draft, run: EventRun, self: UserId): RunOutcome {
  const { epoch, pts } = draft.position;
  if (run.epoch !== epoch || run.firstPts > pts + 1) return "gap";
  const fresh = run.events.slice(pts + 1 - run.firstPts);
  for (const event of fresh) applyOne(draft, event, self);
  if (fresh.length > 0) draft.setPosition({ epoch, pts: pts + fresh.length });
  return "applied";
}

function applyOne(draft: Draft, event: Event, self: UserId): void {
  const conversationId = conversationOf(event);
  // A kind that this version does not know; its place in the queue still counts.
  if (conversationId === undefined) return;
  const before = draft.entry(conversationId);
  const entry = before ?? emptyEntry(conversationId);
  const after = applyEvent(entry, event, self);
  if (after !== before) draft.putEntry(after);
  // Nobody told of changes while I was away.
  if (event.joined !== undefined && before?.isMember === false) draft.setSpans(conversationId, []);
  if (event.changed?.message !== undefined) draft.changeMessage(event.changed.message);
  const message = event.message;
  if (message !== undefined) {
    const { sequence } = message;
    // After a Rebase the list may be ahead of the events: what they bring may be gone by now.
    if (sequence >= after.firstVisible) {
      draft.putMessage(message);
      draft.setSpans(
        conversationId,
        withSpan(draft.spans(conversationId), { first: sequence, last: sequence }),
      );
    }
    if (message.senderId === self) draft.deleteOutboxItem(conversationId, message.clientMessageId);
  }
  // Hidden places stay held: they are void now, and known to be.
  for (const sequence of event.hidden?.sequences ?? []) draft.deleteMessage(conversationId, sequence);
}
