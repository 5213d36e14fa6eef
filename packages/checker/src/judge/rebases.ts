/** A rebase stands for every event up to its position: the list that it brings has to contain them (I5). */
import { NONE } from "../history/column.js";
import { EVENT_KINDS } from "../history/history.js";
import type { Run } from "./run.js";

/** Events that raise the last sequence of a list entry. */
const RAISING = new Set(
  (["message", "joined", "advanced"] as const).map((kind) => EVENT_KINDS.indexOf(kind)),
);

/** Cost: the events of the queue up to the rebase. */
export function judgeRebase({ history, findings, speaker, queues }: Run, step: number): void {
  const { steps, assigned, devices, lists } = history;
  if (assigned.at.length === 0) return;
  const device = steps.device.at(step);
  const epoch = steps.epoch.at(step);
  const pts = steps.pts.at(step);
  const queue = queues.find(devices[device]!.user, epoch);
  const rebased = (): string => `${speaker.device(device)} was rebased to ${speaker.point(epoch, pts)}`;
  const end = queue === undefined || pts === 0 ? NONE : queues.rows.get(queue, pts);
  if (pts > 0 && (end === NONE || assigned.at.at(end) > steps.at.at(step)))
    findings.add("rebase-ahead", pts, () => `${rebased()}, which no machine had given.`);
  if (queue === undefined) return;
  const entries = lists[steps.detail.at(step)] ?? [];
  const listed = new Map<number, number>();
  for (let index = 0; index < entries.length; index += 2) listed.set(entries[index]!, entries[index + 1]!);
  const skipped = new Map<number, number>();
  for (let at = 1; at <= Math.min(pts, queues.rows.last(queue)); at++) {
    const row = queues.rows.get(queue, at);
    if (row === NONE || !RAISING.has(assigned.kind.at(row))) continue;
    const conversation = assigned.conversation.at(row);
    if (assigned.sequence.at(row) > (listed.get(conversation) ?? -1)) skipped.set(conversation, row);
  }
  for (const [conversation, row] of skipped) {
    findings.add("rebase-skips", pts, () => {
      const last = listed.get(conversation);
      const list = last === undefined ? "does not have it" : `has it up to ${last}`;
      return `${rebased()}, which stands for "${speaker.event(row)}", but the list ${list}.`;
    });
  }
}
