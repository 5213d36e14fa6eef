/**
 * Each device along its user's queue: it applies what the queue has (I4), leaves out nothing but what a rebase brings
 * (I5), stores no more than it applied (I5) and does not go back (I6).
 */
import { NONE } from "../history/column.js";
import { EVENT_KINDS, STEP } from "../history/history.js";
import { HiddenMarks } from "./hidden-marks.js";
import { PairMap } from "./pair-map.js";
import { judgeRebase } from "./rebases.js";
import type { Run } from "./run.js";
import { TrimMarks } from "./trim-marks.js";

const HIDDEN = EVENT_KINDS.indexOf("hidden");
const TRIMMED = EVENT_KINDS.indexOf("trimmed");

/** Where a device stands. An epoch of NONE: nowhere yet. */
interface Position {
  epoch: number;
  pts: number;
  storedEpoch: number;
  storedPts: number;
}

export interface Positions {
  /** Events applied. */
  readonly deliveries: number;
  readonly marks: HiddenMarks;
  readonly trimMarks: TrimMarks;
}

export function judgePositions(run: Run): Positions {
  const { history } = run;
  const { steps, devices } = history;
  const positions = devices.map(() => ({ epoch: NONE, pts: 0, storedEpoch: NONE, storedPts: 0 }));
  const marks = new HiddenMarks();
  const trimMarks = new TrimMarks();
  const firsts = new PairMap<number>();
  let deliveries = 0;
  for (let step = 0; step < steps.at.length; step++) {
    const position = positions[steps.device.at(step)]!;
    const kind = steps.kind.at(step);
    if (kind === STEP.applied) {
      deliveries++;
      judgeApplied(run, position, step);
      judgeContent(run, step, { firsts, marks, trimMarks });
    } else if (kind === STEP.rebased) {
      judgeRebase(run, step);
      position.epoch = steps.epoch.at(step);
      position.pts = steps.pts.at(step);
    } else if (kind === STEP.stored) judgeStored(run, position, step);
    else {
      judgeRestarted(run, position, step);
      marks.restart(steps.device.at(step), position.pts, steps.at.at(step));
      trimMarks.restart(steps.device.at(step), position.pts, steps.at.at(step));
    }
  }
  judgeEnds(run, positions);
  return { deliveries, marks, trimMarks };
}

function judgeApplied({ history, findings, speaker }: Run, position: Position, step: number): void {
  const { steps } = history;
  const epoch = steps.epoch.at(step);
  const pts = steps.pts.at(step);
  const { epoch: beforeEpoch, pts: beforePts } = position;
  const isNext = pts === beforePts + 1 && (epoch === beforeEpoch || beforeEpoch === NONE);
  if (!isNext) {
    const isAgain = epoch === beforeEpoch && pts <= beforePts;
    findings.add(isAgain ? "applied-again" : "position-gap", pts, () => {
      const what = `${speaker.device(steps.device.at(step))} applied ${speaker.point(epoch, pts)}`;
      const where = speaker.point(beforeEpoch, beforePts);
      return isAgain ? `${what} again: it was at ${where}.` : `${what} directly after ${where}.`;
    });
  }
  position.epoch = epoch;
  position.pts = pts;
}

interface Applied {
  /** Queue and PTS to the step that applied it first, where nobody told of queues. */
  readonly firsts: PairMap<number>;
  readonly marks: HiddenMarks;
  readonly trimMarks: TrimMarks;
}

function judgeContent(run: Run, step: number, { firsts, marks, trimMarks }: Applied): void {
  const { history, findings, speaker, queues } = run;
  const { steps, assigned, devices, lists } = history;
  const device = steps.device.at(step);
  const { user } = devices[device]!;
  const epoch = steps.epoch.at(step);
  const pts = steps.pts.at(step);
  const content = steps.detail.at(step);
  const position = (): string => speaker.position(user, epoch, pts);
  if (assigned.at.length === 0) {
    const first = firsts.need(queues.need(user, epoch), pts, () => step);
    if (steps.detail.at(first) !== content) {
      findings.add("event-differs", pts, () => {
        const other = speaker.device(steps.device.at(first));
        return `${speaker.device(device)} applied another event as ${position()} than ${other}.`;
      });
    }
    return;
  }
  const queue = queues.find(user, epoch);
  const row = queue === undefined ? NONE : queues.rows.get(queue, pts);
  if (row === NONE || assigned.at.at(row) > steps.at.at(step)) {
    findings.add(
      "event-unknown",
      pts,
      () => `${speaker.device(device)} applied an event as ${position()}, which no machine had given.`,
    );
    return;
  }
  if (assigned.content.at(row) !== content) {
    findings.add(
      "event-differs",
      pts,
      () => `${speaker.device(device)} applied another event as ${position()} than "${speaker.event(row)}".`,
    );
    return;
  }
  if (assigned.kind.at(row) === TRIMMED) {
    const firstVisible = assigned.sequence.at(row);
    trimMarks.add(
      { device, conversation: assigned.conversation.at(row), firstVisible },
      pts,
      steps.at.at(step),
    );
  }
  if (assigned.kind.at(row) !== HIDDEN) return;
  marks.add(
    { device, conversation: assigned.conversation.at(row), sequences: lists[assigned.list.at(row)] ?? [] },
    pts,
    steps.at.at(step),
  );
}

function judgeStored({ history, findings, speaker }: Run, position: Position, step: number): void {
  const { steps } = history;
  const epoch = steps.epoch.at(step);
  const pts = steps.pts.at(step);
  const stored = (): string => `${speaker.device(steps.device.at(step))} stored ${speaker.point(epoch, pts)}`;
  if (epoch !== position.epoch || pts > position.pts) {
    const where = speaker.point(position.epoch, position.pts);
    findings.add("stored-ahead", pts, () => `${stored()}, while it had applied up to ${where}.`);
  } else if (epoch === position.storedEpoch && pts < position.storedPts) {
    const before = speaker.point(epoch, position.storedPts);
    findings.add("position-back", pts, () => `${stored()} after ${before}.`);
  }
  position.storedEpoch = epoch;
  position.storedPts = pts;
}

function judgeRestarted({ history, findings, speaker }: Run, position: Position, step: number): void {
  const { steps } = history;
  const pts = steps.pts.at(step);
  const isNew = pts === 0 && history.epochs[steps.epoch.at(step)] === 0;
  const epoch = isNew ? NONE : steps.epoch.at(step);
  const back = (): string =>
    `${speaker.device(steps.device.at(step))} came back with ${speaker.point(epoch, pts)}`;
  if (!isNew) {
    // A store may have more than it had said when the device fell, and never more than was applied.
    const isAhead = epoch !== position.epoch ? epoch !== position.storedEpoch : pts > position.pts;
    const where = speaker.point(position.epoch, position.pts);
    if (isAhead)
      findings.add("restarted-ahead", pts, () => `${back()}, while it had applied up to ${where}.`);
    const stored = speaker.point(position.storedEpoch, position.storedPts);
    if (epoch === position.storedEpoch && pts < position.storedPts)
      findings.add("position-back", pts, () => `${back()}, though it had stored ${stored}.`);
  }
  position.epoch = epoch;
  position.pts = pts;
  position.storedEpoch = epoch;
  position.storedPts = pts;
}

/** Who drained stands at the end of the queue. */
function judgeEnds({ history, findings, speaker, queues }: Run, positions: readonly Position[]): void {
  if (history.assigned.at.length === 0 || history.steps.at.length === 0) return;
  for (const device of history.drainedMs.keys()) {
    const { user } = history.devices[device]!;
    const queue = queues.newest(user, history.epochs);
    if (queue === undefined) continue;
    const { epoch } = queues.queues[queue]!;
    const last = queues.rows.last(queue);
    const position = positions[device]!;
    if (position.epoch === epoch && position.pts >= last) continue;
    const where = speaker.point(position.epoch, position.pts);
    findings.add(
      "undelivered",
      position.pts,
      () =>
        `${speaker.device(device)} ended at ${where}, while the queue ends with ${speaker.point(epoch, last)}.`,
    );
  }
}
