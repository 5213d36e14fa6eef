/** How pushed events change a draft. */
import {
  applyEvent,
  type ConversationId,
  conversationOf,
  emptyEntry,
  type Event,
  isSignal,
  type UserId,
} from "@parley/protocol";
import type { Draft } from "./draft.js";
import { REACTED_AHEAD_MAX } from "./limits.js";
import { withSpan } from "./spans.js";

type ReactionsEvent = NonNullable<Event["reactions"]>;
type CardPartEvent = NonNullable<Event["cardPart"]>;

/** A Push frame with its events decoded. */
export interface EventRun {
  readonly epoch: number;
  readonly firstPts: number;
  readonly events: readonly Event[];
  /** The large group whose topic it is; undefined: my queue. */
  readonly topic: ConversationId | undefined;
}

/**
 * "applied": the draft stands after the run, duplicates left out. "gap": an event before the run is missing, or the run
 * is of another epoch; the draft is as it was.
 */
export type RunOutcome = "applied" | "gap";

/** Applies what the draft does not have yet of a run. */
export function applyRun(draft: Draft, run: EventRun, self: UserId): RunOutcome {
  const { epoch, pts } = draft.position;
  if (run.epoch !== epoch) return "gap";
  if (run.topic !== undefined) return applyTopicRun(draft, run, run.topic, self);
  if (run.firstPts > pts + 1) return "gap";
  const fresh = run.events.slice(pts + 1 - run.firstPts);
  for (const event of fresh) applyOne(draft, event, self);
  if (fresh.length > 0) draft.setPosition({ epoch, pts: pts + fresh.length });
  return "applied";
}

function applyTopicRun(draft: Draft, run: EventRun, topic: ConversationId, self: UserId): RunOutcome {
  const before = draft.entry(topic);
  // What was on its way when I left.
  if (before === undefined || !before.isShared || !before.isMember) return "applied";
  if (run.firstPts > before.topicPts + 1) return "gap";
  const fresh = run.events.slice(before.topicPts + 1 - run.firstPts);
  if (fresh.length === 0) return "applied";
  for (const event of fresh) applyOne(draft, event, self);
  draft.putEntry({ ...draft.entry(topic)!, topicPts: before.topicPts + fresh.length });
  return "applied";
}

function applyOne(draft: Draft, event: Event, self: UserId): void {
  if (event.module !== undefined) draft.tell(event);
  const conversationId = conversationOf(event);
  if (event.settings?.doNotDisturb !== undefined) draft.tell(event);
  // Of a module or the user, or of a kind that this version does not know; its place in the queue still counts.
  if (conversationId === undefined) return;
  const before = draft.entry(conversationId);
  const entry = before ?? emptyEntry(conversationId);
  const after = applyEvent(entry, event, self);
  if (after !== before) draft.putEntry(after);
  if (event.joined !== undefined) {
    // Nobody told of changes while I was away.
    if (before?.isMember === false) draft.setSpans(conversationId, []);
    draft.noteJoined(conversationId);
  }
  if (event.changed?.message !== undefined) draft.changeMessage(event.changed.message);
  if (event.reactions !== undefined) applyReactions(draft, event.reactions);
  if (event.cardPart !== undefined) applyCardPart(draft, event.cardPart);
  if (isOnlyTold(event)) draft.tell(event);
  if (event.group !== undefined || event.members !== undefined) draft.noteGroup(event);
  const { message } = event;
  const taken = (message ?? event.voided)?.sequence;
  if (taken !== undefined) {
    // After a Rebase the list may be ahead of the events: what they bring may be gone by now. What I reacted to before it came,
    // or have a part of the card of, is fetched with that, as a hole.
    if (taken >= after.firstVisible && !entry.reactedAhead.includes(taken)) {
      // In a large group I may have hidden it before it came: on another device, over the queue.
      if (message !== undefined && !entry.hiddenAhead.includes(taken)) draft.putMessage(message);
      draft.setSpans(conversationId, withSpan(draft.spans(conversationId), { first: taken, last: taken }));
    }
    if (message?.senderId === self) draft.deleteOutboxItem(conversationId, message.clientMessageId);
    if (message !== undefined && isSignal(message.body)) draft.noteSignal(message);
  }
  // Hidden places stay held: they are void now, and known to be.
  for (const hidden of event.hidden?.sequences ?? []) draft.deleteMessage(conversationId, hidden);
}

/** Whether nothing of it is stored: it is for those who listen. */
function isOnlyTold({ pinned, readers, cardAction }: Event): boolean {
  return (pinned ?? readers ?? cardAction) !== undefined;
}

function applyReactions(draft: Draft, { conversationId, sequence, reactions }: ReactionsEvent): void {
  if (reactions === undefined) return;
  draft.changeReactions({ conversationId, sequence, reactions });
  // Over the topic nobody tells what I gave.
  if (reactions.mineRevision > 0) noteAhead(draft, conversationId, sequence);
}

function applyCardPart(draft: Draft, { conversationId, sequence, part }: CardPartEvent): void {
  if (part === undefined) return;
  draft.changeCardPart({ conversationId, sequence, part });
  noteAhead(draft, conversationId, sequence);
}

/** My queue told something about a message: of a large group it may be one that its topic did not bring yet. */
function noteAhead(draft: Draft, conversationId: ConversationId, sequence: number): void {
  const entry = draft.entry(conversationId);
  const isAhead = entry?.isShared === true && sequence > entry.lastSequence;
  if (!isAhead || entry.reactedAhead.includes(sequence)) return;
  const reactedAhead = [...entry.reactedAhead, sequence].slice(-REACTED_AHEAD_MAX);
  draft.putEntry({ ...entry, reactedAhead });
}
