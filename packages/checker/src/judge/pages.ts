/**
 * Pages of history that the server gave: whole but for what the user hid and what is gone (I6, I8), with all that the device wrote
 * before (I6), never older than a page before (I6), ascending (I3), and for members only (I9).
 */
import { NONE } from "../history/column.js";
import { OPERATION_KINDS, OUTCOME } from "../history/history.js";
import { PairMap } from "./pair-map.js";
import type { Positions } from "./positions.js";
import type { Run } from "./run.js";
import { judgeSight } from "./sights.js";

const SEND = OPERATION_KINDS.indexOf("send");

/** What a device knew of a conversation's last sequence, and since when. */
interface Known {
  readonly endedAt: number;
  readonly lastSequence: number;
  /** A send, or a page. */
  readonly operation: number;
}

export function judgePages(run: Run, positions: Positions): void {
  const { pages, operations } = run.history;
  if (pages.at.length === 0) return;
  const knowledge = gather(run);
  for (let page = 0; page < pages.at.length; page++) {
    const operation = pages.operation.at(page);
    const device = operations.device.at(operation);
    const conversation = operations.conversation.at(operation);
    const [view, count] = [pages.view.at(page), pages.count.at(page)];
    judgeSight(run, { device, conversation, view, count });
    judgeNewness(run, page, knowledge.find(device, conversation) ?? []);
    judgeSpan(run, page);
    judgeMembership(run, page);
    judgeKept(run, page, positions);
  }
}

/** Acknowledged sends and pages of each device and conversation that has pages, in the order of their ends. */
function gather({ history }: Run): PairMap<Known[]> {
  const { pages, operations } = history;
  const knowledge = new PairMap<Known[]>();
  for (let page = 0; page < pages.at.length; page++) {
    const operation = pages.operation.at(page);
    const known = knowledge.need(
      operations.device.at(operation),
      operations.conversation.at(operation),
      () => [],
    );
    known.push({
      endedAt: operations.endedAt.at(operation),
      lastSequence: pages.lastSequence.at(page),
      operation,
    });
  }
  for (let operation = 0; operation < operations.at.length; operation++) {
    if (operations.kind.at(operation) !== SEND || operations.outcome.at(operation) !== OUTCOME.ok) continue;
    knowledge.find(operations.device.at(operation), operations.conversation.at(operation))?.push({
      endedAt: operations.endedAt.at(operation),
      lastSequence: operations.sequence.at(operation),
      operation,
    });
  }
  for (const [, , known] of knowledge.entries()) known.sort((a, b) => a.endedAt - b.endedAt);
  return knowledge;
}

/** Cost: what the device knew of the conversation before. */
function judgeNewness({ history, findings, speaker }: Run, page: number, knowledge: readonly Known[]): void {
  const { pages, operations } = history;
  const operation = pages.operation.at(page);
  const lastSequence = pages.lastSequence.at(page);
  const invokedAt = operations.at.at(operation);
  let newest: Known | undefined;
  for (const known of knowledge) {
    if (known.endedAt >= invokedAt) break;
    if (known.lastSequence > (newest?.lastSequence ?? 0)) newest = known;
  }
  if (newest === undefined || newest.lastSequence <= lastSequence) return;
  const { lastSequence: before, operation: source } = newest;
  const isOwn = operations.kind.at(source) === SEND;
  findings.add(
    isOwn ? "own-write-unread" : "page-back",
    before,
    () =>
      `The ${speaker.operation(operation)} says that the conversation ends at ${lastSequence}, after the ` +
      `${speaker.operation(source)} had ${before}.`,
  );
}

function judgeSpan(run: Run, page: number): void {
  const { history, findings, speaker, places, hidings, trims } = run;
  const { pages, operations, views, devices, placed } = history;
  const operation = pages.operation.at(page);
  const device = operations.device.at(operation);
  const conversation = operations.conversation.at(operation);
  const hidden = hidings.of(conversation, devices[device]!.user);
  const [first, last] = [pages.first.at(page), pages.last.at(page)];
  const end = pages.view.at(page) + pages.count.at(page);
  // Nothing in this direction: `first` above `last` covers nothing.
  if (first > last && pages.count.at(page) === 0) return;
  const asked = (): string => `The ${speaker.operation(operation)} for ${first} to ${last}`;
  // What was trimmed before the answer may have gone while the page was made.
  const firstKept = trims.firstKept(conversation, operations.endedAt.at(operation));
  let before = first - 1;
  for (let view = pages.view.at(page); view <= end; view++) {
    const sequence = view === end ? last + 1 : views.sequence.at(view);
    if (sequence <= before || (view < end && sequence > last)) {
      findings.add("view-order", sequence, () => `${asked()} has ${sequence} after ${before}.`);
      continue;
    }
    // A broken page may claim to cover anything: beyond what was placed there is nothing to miss.
    for (
      let gap = Math.max(before + 1, firstKept);
      gap < Math.min(sequence, places.last(conversation) + 1);
      gap++
    ) {
      const row = places.row(conversation, gap);
      if (row === NONE || placed.at.at(row) > operations.endedAt.at(operation)) continue;
      if (!places.isFor(row, devices[device]!.user)) continue;
      const hiding = hidden?.get(gap);
      if (hiding !== undefined && hiding.askedAt < operations.endedAt.at(operation)) continue;
      findings.add("page-hole", gap, () => `${asked()} lacks ${speaker.placed(row)}.`);
    }
    before = sequence;
    if (view === end) break;
    const confirmedAt = hidden?.get(sequence)?.confirmedAt ?? NONE;
    if (confirmedAt >= operations.at.at(operation)) continue;
    findings.add(
      "hidden-shown",
      sequence,
      () => `${asked()} has ${speaker.place(conversation, sequence)}, which the user had hidden.`,
    );
  }
}

/** Who knows that messages are gone gets none of them by asking again. */
function judgeKept({ history, findings, speaker }: Run, page: number, { trimMarks }: Positions): void {
  const { pages, operations, views } = history;
  const operation = pages.operation.at(page);
  const conversation = operations.conversation.at(operation);
  const invokedAt = operations.at.at(operation);
  const firstKept = trimMarks.firstKept(operations.device.at(operation), conversation, invokedAt);
  const view = pages.view.at(page);
  for (let row = view; row < view + pages.count.at(page); row++) {
    const sequence = views.sequence.at(row);
    if (sequence >= firstKept) continue;
    findings.add(
      "trimmed-shown",
      sequence,
      () =>
        `The ${speaker.operation(operation)} has ${speaker.place(conversation, sequence)}, though messages are ` +
        `kept from ${firstKept} on.`,
    );
  }
}

/** Who was certainly removed before gets no page. */
function judgeMembership({ history, findings, speaker, memberships }: Run, page: number): void {
  const { pages, operations, devices } = history;
  const operation = pages.operation.at(page);
  const { user } = devices[operations.device.at(operation)]!;
  const conversation = operations.conversation.at(operation);
  const changes = memberships.changes.find(conversation, user);
  if (changes === undefined || pages.count.at(page) === 0) return;
  const ended = operations.endedAt.at(operation);
  const change = memberships.certain(changes, operations.at.at(operation), ended);
  if (change?.isRemoval !== true) return;
  findings.add(
    "not-a-member",
    pages.last.at(page),
    () =>
      `The ${speaker.operation(operation)} was answered after the ${speaker.operation(change.operation)}.`,
  );
}
