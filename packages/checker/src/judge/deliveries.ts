/**
 * Whether every placed message came into the queue of every member (I1). A user of whom no device drained may still get
 * what is above the highest sequence in the queue: that is unseen, not lost.
 */
import { NONE } from "../history/column.js";
import { EVENT_KINDS, OUTCOME } from "../history/history.js";
import type { AnomalyCode } from "../anomaly-codes.js";
import type { Run } from "./run.js";

const MESSAGE = EVENT_KINDS.indexOf("message");

export function judgeDeliveries(run: Run): void {
  const { history, findings, speaker, queues, places } = run;
  const { placed, assigned, memberSets } = history;
  // Nobody told of queues: the devices' views have to do.
  if (assigned.at.length === 0) return;
  const incomplete = findIncomplete(run);
  if (incomplete.length === 0) return;
  const received = receivedBy(run, incomplete);
  const drained = drainedUsers(run);
  for (const row of incomplete) {
    const conversation = placed.conversation.at(row);
    const sequence = placed.sequence.at(row);
    for (const user of memberSets[placed.members.at(row)]!) {
      if (!places.isFor(row, user)) continue;
      if (received.has(`${conversation}/${sequence}/${user}`)) continue;
      if (!drained.has(user) && sequence > (queues.lastSequences.find(conversation, user) ?? 0)) {
        run.unseen++;
        continue;
      }
      findings.add(
        lossOf(run, row),
        sequence,
        () => `${speaker.placed(row)} never came into the queue of ${speaker.user(user)}${sentBy(run, row)}.`,
      );
    }
  }
}

/** Loss is named by what became of the send: acknowledged, unknown, or nobody's. */
export function lossOf({ history, places }: Run, row: number): AnomalyCode {
  const send = places.sendOf[row]!;
  if (send === NONE) return "missing";
  return history.operations.outcome.at(send) === OUTCOME.ok ? "lost" : "partly-seen";
}

/** The send of a placed message, as a part of a sentence. */
export function sentBy({ speaker, places }: Run, row: number): string {
  const send = places.sendOf[row]!;
  return send === NONE ? "" : `: ${speaker.operation(send)}`;
}

export function drainedUsers({ history }: Run): ReadonlySet<number> {
  return new Set([...history.drainedMs.keys()].map((device) => history.devices[device]!.user));
}

/** Placed messages that fewer queues have than there are members. */
function findIncomplete({ history, places, queues }: Run): readonly number[] {
  const { placed, conversations } = history;
  const found: number[] = [];
  for (let conversation = 0; conversation < conversations.length; conversation++) {
    for (let sequence = 1; sequence <= places.last(conversation); sequence++) {
      const row = places.row(conversation, sequence);
      if (row === NONE || placed.members.at(row) === NONE || placed.isImported.at(row) === 1) continue;
      if (queues.received[row]! < places.countFor(row)) found.push(row);
    }
  }
  return found;
}

/** Who has which message, as "conversation/sequence/user", for the conversations of these rows. */
function receivedBy({ history }: Run, rows: readonly number[]): ReadonlySet<string> {
  const { placed, assigned } = history;
  const conversations = new Set(rows.map((row) => placed.conversation.at(row)));
  const wanted = new Set(rows.map((row) => `${placed.conversation.at(row)}/${placed.sequence.at(row)}`));
  const received = new Set<string>();
  for (let row = 0; row < assigned.at.length; row++) {
    if (assigned.kind.at(row) !== MESSAGE || !conversations.has(assigned.conversation.at(row))) continue;
    const key = `${assigned.conversation.at(row)}/${assigned.sequence.at(row)}`;
    if (wanted.has(key)) received.add(`${key}/${assigned.user.at(row)}`);
  }
  return received;
}
