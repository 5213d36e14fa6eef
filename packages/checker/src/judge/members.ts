/** Whether messages were placed for the right members (I9): those who were said to be, and those who had to be. */
import { NONE } from "../history/column.js";
import type { Run } from "./run.js";

export function judgeMembers(run: Run): void {
  for (let conversation = 0; conversation < run.history.conversations.length; conversation++) {
    if (run.memberships.isTold) judgeTold(run, conversation);
    judgeAcknowledged(run, conversation);
  }
}

/** Follows the joining and leaving along the sequences. */
function judgeTold({ history, findings, speaker, places, memberships }: Run, conversation: number): void {
  const { placed, memberSets } = history;
  const turns: { readonly after: number; readonly user: number; readonly isMember: boolean }[] = [];
  for (const [user, periods] of memberships.periods.row(conversation) ?? []) {
    for (const { after, last } of periods) {
      turns.push({ after, user, isMember: true });
      if (last !== NONE) turns.push({ after: last, user, isMember: false });
    }
  }
  turns.sort((a, b) => a.after - b.after);
  const members = new Set<number>();
  let turn = 0;
  let judged = NONE;
  for (let sequence = 1; sequence <= places.last(conversation); sequence++) {
    for (; turn < turns.length && turns[turn]!.after < sequence; turn++) {
      const { user, isMember } = turns[turn]!;
      if (isMember) members.add(user);
      else members.delete(user);
      judged = NONE;
    }
    const row = places.row(conversation, sequence);
    if (row === NONE) continue;
    const set = placed.members.at(row);
    if (set === NONE || set === judged) continue;
    judged = set;
    const told = memberSets[set]!;
    if (told.size === members.size && [...told].every((user) => members.has(user))) continue;
    const expected = speaker.users(members);
    findings.add(
      "stale-members",
      sequence,
      () =>
        `${speaker.placed(row)} was placed for ${speaker.users(told)}, while the members are ${expected}.`,
    );
  }
}

/** A change of members that was acknowledged before a message was given to send holds for this message. */
function judgeAcknowledged(
  { history, findings, speaker, places, memberships }: Run,
  conversation: number,
): void {
  const { placed, memberSets, operations } = history;
  const changesOf = memberships.changes.row(conversation);
  if (changesOf === undefined) return;
  for (let sequence = 1; sequence <= places.last(conversation); sequence++) {
    const row = places.row(conversation, sequence);
    if (row === NONE || placed.members.at(row) === NONE) continue;
    const send = places.sendOf[row]!;
    if (send === NONE) continue;
    const told = memberSets[placed.members.at(row)]!;
    for (const [user, changes] of changesOf) {
      const change = memberships.certain(changes, operations.at.at(send), placed.at.at(row));
      if (change === undefined || change.isRemoval !== told.has(user)) continue;
      findings.add(
        "stale-members",
        sequence,
        () =>
          `${speaker.placed(row)} was placed ${told.has(user) ? "for" : "without"} ${speaker.user(user)} ` +
          `after the ${speaker.operation(change.operation)}.`,
      );
    }
  }
}
